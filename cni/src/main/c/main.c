/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CNI plugin: hands its environment and configuration to the agent's socket and prints the
 * agent's answer. It decides nothing, except what has to be answered without an agent.
 *
 * Request: NAME=value\0 for each variable, \0, the configuration, end of file.
 * Answer: one byte exit code, then what goes to stdout.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cni.h"

enum {
	MAX_CONTAINER_ID = 200,
	MAX_IFNAME = 15,
	/* Longer than the agent ever takes; runtimes have their own, mostly longer, limit. */
	ANSWER_TIMEOUT_SECONDS = 110,
};

static const char *const variables[] = {"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS",
					"CNI_IFNAME",  "CNI_ARGS",	  "CNI_PATH"};
static const char *const versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.3.1",
				       "0.4.0", "1.0.0", "1.1.0"};
static const char *const newest_version = "1.1.0";

/* Specification: a plugin that is not told a version speaks 0.1.0. */
static char version[MAX_VERSION + 1] = "0.1.0";

static bool is_supported(const char *asked)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (strcmp(versions[i], asked) == 0)
			return true;
	return false;
}

static void print_escaped(const char *text)
{
	for (; *text; text++) {
		unsigned char x = (unsigned char)*text;

		if (x == '"' || x == '\\')
			printf("\\%c", x);
		else if (x < 0x20 || x >= 0x7f)
			printf("\\u%04x", x);
		else
			putchar(x);
	}
}

static int fail(enum cni_error code, const char *message, const char *details)
{
	printf("{\"cniVersion\":\"%s\",\"code\":%d,\"msg\":\"",
	       is_supported(version) ? version : newest_version, code);
	print_escaped(message);
	printf("\",\"details\":\"");
	print_escaped(details);
	printf("\"}\n");
	return 1;
}

static int answer_version(const char *asked)
{
	printf("{\"cniVersion\":\"%s\",\"supportedVersions\":[",
	       is_supported(asked) ? asked : newest_version);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		printf("%s\"%s\"", i ? "," : "", versions[i]);
	printf("]}\n");
	return 0;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static const char *variable_or(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && value[0] ? value : otherwise;
}

/* Container ids as the specification has them. They become file names. */
static bool is_container_id(const char *id)
{
	static const char alphanumeric[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (strlen(id) > MAX_CONTAINER_ID || strspn(id, alphanumeric) == 0)
		return false;
	for (; *id; id++)
		if (!strchr(alphanumeric, *id) && *id != '_' && *id != '.' && *id != '-')
			return false;
	return true;
}

static bool is_ifname(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > MAX_IFNAME || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || (unsigned char)*name <= ' ' || *name == 0x7f)
			return false;
	return true;
}

/* NULL, or what is wrong with the environment. */
static const char *judge_environment(const char *command)
{
	bool attachment =
	    !strcmp(command, "ADD") || !strcmp(command, "DEL") || !strcmp(command, "CHECK");

	if (command[0] == '\0')
		return "CNI_COMMAND is not set";
	if (!attachment && strcmp(command, "STATUS") != 0 && strcmp(command, "VERSION") != 0)
		return "CNI_COMMAND is none of ADD, DEL, CHECK, STATUS, VERSION";
	if (attachment && !is_container_id(variable("CNI_CONTAINERID")))
		return "CNI_CONTAINERID is missing or not a container's id";
	if (attachment && !is_ifname(variable("CNI_IFNAME")))
		return "CNI_IFNAME is missing or not an interface's name";
	if (attachment && strcmp(command, "DEL") != 0 && variable("CNI_NETNS")[0] == '\0')
		return "CNI_NETNS is not set";
	return NULL;
}

/* 0 or an errno. */
static int read_stdin(struct buffer *configuration)
{
	char chunk[16384];

	for (;;) {
		ssize_t length = read(STDIN_FILENO, chunk, sizeof(chunk));

		if (length == 0)
			return 0;
		if (length < 0) {
			if (errno == EINTR)
				continue;
			return errno;
		}
		if (configuration->length + (size_t)length > MAX_STDIN)
			return EFBIG;
		if (!append(configuration, chunk, (size_t)length))
			return ENOMEM;
	}
}

static bool make_request(struct buffer *request, const struct buffer *configuration)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *value = variable(variables[i]);

		if (!append(request, variables[i], strlen(variables[i])) ||
		    !append(request, "=", 1) || !append(request, value, strlen(value) + 1))
			return false;
	}
	return append(request, "", 1) &&
	       append(request, configuration->bytes, configuration->length);
}

/* 0 or an errno. An answer without a byte is ECONNRESET: the agent ended while it worked. */
static int ask_agent(const char *path, const struct buffer *request, struct buffer *answer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = ANSWER_TIMEOUT_SECONDS};
	int error = 0, fd;

	answer->length = 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		error = errno;
	for (size_t sent = 0; !error && sent < request->length;) {
		ssize_t written =
		    send(fd, request->bytes + sent, request->length - sent, MSG_NOSIGNAL);

		if (written >= 0)
			sent += (size_t)written;
		else if (errno != EINTR)
			error = errno;
	}
	if (!error && shutdown(fd, SHUT_WR) != 0)
		error = errno;
	while (!error) {
		char chunk[16384];
		ssize_t length = read(fd, chunk, sizeof(chunk));

		if (length == 0)
			break;
		if (length > 0) {
			if (!append(answer, chunk, (size_t)length))
				error = ENOMEM;
		} else if (errno != EINTR) {
			error = errno;
		}
	}
	close(fd);
	return error ? error : answer->length == 0 ? ECONNRESET : 0;
}

static int give(const struct buffer *answer)
{
	size_t length = answer->length - 1;

	if (fwrite(answer->bytes + 1, 1, length, stdout) != length || fflush(stdout) != 0)
		return 1;
	return (unsigned char)answer->bytes[0];
}

static int without_agent(const char *command, const char *socket_path, int error,
			 const struct buffer *request)
{
	char name[MAX_CONTAINER_ID + 1 + MAX_IFNAME + 1];
	char message[512];
	struct buffer answer = {0};
	int queue_error;

	snprintf(message, sizeof(message), "the agent at %.300s does not answer: %s", socket_path,
		 strerror(error));
	if (strcmp(command, "STATUS") == 0)
		return fail(ERROR_UNAVAILABLE, message,
			    "no pod can be attached until the agent runs");
	if (strcmp(command, "DEL") != 0)
		return fail(ERROR_TRY_AGAIN, message, "try again when the agent runs");

	snprintf(name, sizeof(name), "%s@%s", variable("CNI_CONTAINERID"), variable("CNI_IFNAME"));
	queue_error = queue_delete(variable_or("OVENET_CNI_QUEUE", "/var/lib/ovenet/cni-deletes"),
				   name, request);
	if (queue_error)
		return fail(ERROR_IO, "cannot queue the deletion", strerror(queue_error));
	/* An agent that has come up since may have read the queue before this one was in it. */
	if (ask_agent(socket_path, request, &answer) == 0)
		return give(&answer);
	return 0;
}

int main(void)
{
	const char *command = variable("CNI_COMMAND");
	const char *socket_path = variable_or("OVENET_CNI_SOCKET", "/var/run/ovenet/cni.sock");
	const char *wrong;
	struct buffer configuration = {0}, request = {0}, answer = {0};
	int error;

	signal(SIGPIPE, SIG_IGN);
	error = read_stdin(&configuration);
	if (!error && configuration.length > 0 &&
	    !read_configuration(configuration.bytes, configuration.length, version))
		error = EBADMSG;

	wrong = judge_environment(command);
	if (wrong)
		return fail(ERROR_ENVIRONMENT, wrong, "a container runtime sets it");
	if (error == EFBIG || error == EBADMSG)
		return fail(ERROR_DECODE, "cannot read the configuration on stdin",
			    error == EFBIG ? "it is larger than 1 MiB" : "it is not a JSON object");
	if (error)
		return fail(ERROR_IO, "cannot read the configuration on stdin", strerror(error));
	if (strcmp(command, "VERSION") == 0)
		return answer_version(configuration.length > 0 ? version : newest_version);
	if (configuration.length == 0)
		return fail(ERROR_DECODE, "no configuration on stdin", "a JSON object is needed");
	if (!is_supported(version))
		return fail(ERROR_INCOMPATIBLE_VERSION, "cniVersion is not supported", version);

	if (!make_request(&request, &configuration))
		return fail(ERROR_IO, "cannot make the request", strerror(ENOMEM));
	error = ask_agent(socket_path, &request, &answer);
	if (error)
		return without_agent(command, socket_path, error, &request);
	return give(&answer);
}
