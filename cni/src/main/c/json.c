/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON recogniser (RFC 8259) that remembers one member. It allocates nothing. */
#include <string.h>

#include "cni.h"

enum { MAX_DEPTH = 64 };

struct cursor {
	const char *at;
	const char *end;
	int depth;
	char *version;
};

static void skip_space(struct cursor *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

static bool take(struct cursor *c, char expected)
{
	skip_space(c);
	if (c->at == c->end || *c->at != expected)
		return false;
	c->at++;
	return true;
}

static bool is_hex(char x)
{
	return (x >= '0' && x <= '9') || (x >= 'a' && x <= 'f') || (x >= 'A' && x <= 'F');
}

/* The string's bytes between its quotes, escapes as they stand. */
static bool string(struct cursor *c, const char **start, size_t *length)
{
	if (!take(c, '"'))
		return false;
	*start = c->at;
	while (c->at < c->end && *c->at != '"') {
		if ((unsigned char)*c->at < 0x20)
			return false;
		if (*c->at++ != '\\')
			continue;
		if (c->at == c->end)
			return false;
		if (*c->at == 'u') {
			for (int i = 1; i <= 4; i++)
				if (c->end - c->at <= i || !is_hex(c->at[i]))
					return false;
			c->at += 4;
		} else if (*c->at == '\0' || !strchr("\"\\/bfnrt", *c->at)) {
			return false;
		}
		c->at++;
	}
	*length = (size_t)(c->at - *start);
	return take(c, '"');
}

static bool digits(struct cursor *c)
{
	const char *start = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	return c->at > start;
}

static bool number(struct cursor *c)
{
	if (c->at < c->end && *c->at == '-')
		c->at++;
	if (c->at < c->end && *c->at == '0')
		c->at++;
	else if (!digits(c))
		return false;
	if (c->at < c->end && *c->at == '.') {
		c->at++;
		if (!digits(c))
			return false;
	}
	if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
		c->at++;
		if (c->at < c->end && (*c->at == '+' || *c->at == '-'))
			c->at++;
		return digits(c);
	}
	return true;
}

static bool word(struct cursor *c, const char *expected)
{
	size_t length = strlen(expected);

	if ((size_t)(c->end - c->at) < length || memcmp(c->at, expected, length) != 0)
		return false;
	c->at += length;
	return true;
}

static bool value(struct cursor *c);

static bool member(struct cursor *c)
{
	const char *name, *text;
	size_t name_length, text_length;

	if (!string(c, &name, &name_length) || !take(c, ':'))
		return false;
	if (c->depth != 1 || name_length != strlen("cniVersion") ||
	    memcmp(name, "cniVersion", name_length) != 0)
		return value(c);
	if (!string(c, &text, &text_length) || text_length > MAX_VERSION)
		return false;
	memcpy(c->version, text, text_length);
	c->version[text_length] = '\0';
	return true;
}

static bool sequence(struct cursor *c, bool (*element)(struct cursor *), char close)
{
	bool ok;

	if (++c->depth > MAX_DEPTH)
		return false;
	c->at++;
	if (take(c, close)) {
		c->depth--;
		return true;
	}
	do {
		ok = element(c);
	} while (ok && take(c, ','));
	c->depth--;
	return ok && take(c, close);
}

static bool value(struct cursor *c)
{
	const char *start;
	size_t length;

	skip_space(c);
	if (c->at == c->end)
		return false;
	switch (*c->at) {
	case '{':
		return sequence(c, member, '}');
	case '[':
		return sequence(c, value, ']');
	case '"':
		return string(c, &start, &length);
	case 't':
		return word(c, "true");
	case 'f':
		return word(c, "false");
	case 'n':
		return word(c, "null");
	default:
		return number(c);
	}
}

bool read_configuration(const char *text, size_t length, char *version)
{
	struct cursor c = {.at = text, .end = text + length, .version = version};

	skip_space(&c);
	if (c.at == c.end || *c.at != '{' || !value(&c))
		return false;
	skip_space(&c);
	return c.at == c.end;
}
