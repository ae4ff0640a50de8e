/* SPDX-License-Identifier: Apache-2.0 */
/* Deletions that wait on disk for the agent to come back: one file for each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cni.h"

bool append(struct buffer *buffer, const void *bytes, size_t length)
{
	if (buffer->capacity - buffer->length < length) {
		size_t capacity = (buffer->length + length) * 2 + 4096;
		char *grown = realloc(buffer->bytes, capacity);

		if (!grown)
			return false;
		buffer->bytes = grown;
		buffer->capacity = capacity;
	}
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	return true;
}

static int make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return errno;
		*slash = '/';
	}
	return mkdir(path, 0700) != 0 && errno != EEXIST ? errno : 0;
}

static int write_all(int file, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(file, bytes, length);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return errno;
		}
		bytes += written;
		length -= (size_t)written;
	}
	return fsync(file) != 0 ? errno : 0;
}

int queue_delete(const char *directory, const char *name, const struct buffer *request)
{
	char path[4096], temporary[64];
	int error, folder, file;

	if (directory[0] == '\0' ||
	    snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return ENAMETOOLONG;
	error = make_directories(path);
	if (error)
		return error;
	folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno;
	/* Names of containers start with a letter or a digit, so this one is never taken for a
	 * queued request. */
	snprintf(temporary, sizeof(temporary), ".new-%ld", (long)getpid());
	file = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0) {
		error = errno;
	} else {
		error = write_all(file, request->bytes, request->length);
		close(file);
		if (!error && renameat(folder, temporary, folder, name) != 0)
			error = errno;
		if (!error && fsync(folder) != 0)
			error = errno;
		if (error)
			unlinkat(folder, temporary, 0);
	}
	close(folder);
	return error;
}
