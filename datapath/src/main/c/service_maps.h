/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Maps that packets and sockets have in common, and what both find in them. Sizes are defaults. */
#ifndef SERVICE_MAPS_H
#define SERVICE_MAPS_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "ovenet.h"
#include "verifier.h"

enum {
	IPCACHE_IPV4_FULL = 24 + 128,
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ipcache_key);
	__type(value, struct ipcache_value);
} ipcache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct service_key);
	__type(value, struct service_value);
} service_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << 20);
	__type(key, __u32);
	__type(value, __u32);
} service_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct backend);
} backend_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct affinity_key);
	__type(value, struct affinity);
} affinity_map SEC(".maps");

VERIFIED_ONCE int is_other_node(__u32 ipv4_be)
{
	struct ipcache_key key = {
	    .prefix_length = IPCACHE_IPV4_FULL,
	    .network = POD_NETWORK,
	    .family = 6,
	};
	const struct ipcache_value *value;

	key.address.words_be[2] = bpf_htonl(0xffff);
	key.address.words_be[3] = ipv4_be;
	value = bpf_map_lookup_elem(&ipcache, &key);
	return value && value->flags & IPCACHE_NODE;
}

/* The service whose node port is called at another node's address, which has it as well; or NULL.
 * It need not go there to be served. *called becomes the service's key. */
static __always_inline const struct service_value *service_at_other_node(struct service_key *called)
{
	__u32 node_be = called->address.words_be[3];
	const struct service_value *service;

	called->address.words_be[3] = 0;
	called->scope = SCOPE_OTHER_NODES;
	service = bpf_map_lookup_elem(&service_map, called);
	return service && is_other_node(node_be) ? service : NULL;
}

#endif
