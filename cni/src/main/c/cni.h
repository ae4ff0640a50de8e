/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OVENET_CNI_H
#define OVENET_CNI_H

#include <stdbool.h>
#include <stddef.h>

enum {
	MAX_STDIN = 1 << 20,
	MAX_VERSION = 15,
};

/* Error codes of the CNI specification. */
enum cni_error {
	ERROR_INCOMPATIBLE_VERSION = 1,
	ERROR_ENVIRONMENT = 4,
	ERROR_IO = 5,
	ERROR_DECODE = 6,
	ERROR_TRY_AGAIN = 11,
	ERROR_UNAVAILABLE = 50,
};

struct buffer {
	char *bytes;
	size_t length;
	size_t capacity;
};

/* False when there is no memory. */
bool append(struct buffer *buffer, const void *bytes, size_t length);

/*
 * Whether `text` is one JSON object. The string member "cniVersion" of the object itself goes to
 * `version` (at least MAX_VERSION + 1 bytes); it stays as it was when the object has none.
 */
bool read_configuration(const char *text, size_t length, char *version);

/*
 * Writes `request` to `directory`/`name`, durably and in one step.
 * 0 or an errno.
 */
int queue_delete(const char *directory, const char *name, const struct buffer *request);

#endif
