/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Who serves: the same choice for packets and for sockets. */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>
#include "service_maps.h"

enum {
	SECOND_NS = 1000000000,
};

/* A backend that is still the one whose number and generation were noted, or NULL. */
static __always_inline const struct backend *backend_at(__u32 number, __u16 generation)
{
	const struct backend *backend = bpf_map_lookup_elem(&backend_map, &number);

	return backend && backend->generation == generation ? backend : NULL;
}

/* The number of a backend in a range of service_slots, or 0. INVARIANT: size is not 0. */
static __always_inline __u32 number_in(__u32 first, __u32 size, __u32 by)
{
	__u32 index = first + by % size;
	__u32 *slot = bpf_map_lookup_elem(&service_slots, &index);

	return slot ? *slot : 0;
}

/* The number of the backend that a client had last, or 0. */
static __always_inline __u32 number_by_affinity(const struct affinity_key *client,
						const struct service_value *service, __u64 now)
{
	const struct affinity *last;
	const struct backend *backend;
	__u32 number;

	if (!service->affinity_seconds)
		return 0;
	last = bpf_map_lookup_elem(&affinity_map, client);
	if (!last || last->used_at + (__u64)service->affinity_seconds * SECOND_NS <= now)
		return 0;
	number = last->backend;
	backend = backend_at(number, last->generation);
	return backend && !(backend->flags & BACKEND_TERMINATING) ? number : 0;
}

static __always_inline void keep_affinity(const struct affinity_key *client,
					  const struct service_value *service, __u32 number,
					  __u16 generation, __u64 now)
{
	struct affinity last = {.used_at = now, .backend = number, .generation = generation};

	if (service->affinity_seconds)
		bpf_map_update_elem(&affinity_map, client, &last, BPF_ANY);
}

#endif
