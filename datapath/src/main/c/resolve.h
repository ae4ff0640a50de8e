/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From addresses to who has them. */
#ifndef RESOLVE_H
#define RESOLVE_H

#include "maps.h"
#include "packet.h"

enum {
	SIDE_LOOKS = 8,
};

/* Generation << 16 | id of the endpoint of this node that has an IPv4 address, or 0. */
VERIFIED_ONCE __u32 find_endpoint(__u32 ipv4_be)
{
	struct address_key key = {.network = POD_NETWORK};
	struct endpoint_ref *ref;

	key.address.words_be[2] = bpf_htonl(0xffff);
	key.address.words_be[3] = ipv4_be;
	ref = bpf_map_lookup_elem(&endpoint_by_address, &key);
	return ref ? (__u32)ref->generation << 16 | ref->id : 0;
}

/* Who has an IPv4 address that no endpoint of this node has; identity 0: nothing is known. */
VERIFIED_ONCE int find_remote(__u32 ipv4_be, struct side *side)
{
	struct ipcache_key key = {
	    .prefix_length = IPCACHE_IPV4_FULL,
	    .network = POD_NETWORK,
	    .family = 6,
	};
	struct ipcache_value *value;

	if (!side)
		return 0;
	__builtin_memset(side, 0, sizeof(*side));
	key.address.words_be[2] = bpf_htonl(0xffff);
	key.address.words_be[3] = ipv4_be;
	value = bpf_map_lookup_elem(&ipcache, &key);
	if (!value)
		return 0;
	side->identity = value->identity;
	side->peer = value->variant ?: value->identity;
	side->tunnel_be = value->tunnel_endpoint_be;
	side->flags = value->flags;
	return 0;
}

/* Returns whether nothing was stored meanwhile. Loads stay in order on x86. */
static __always_inline bool read_side(struct side *side, const volatile struct endpoint *endpoint)
{
	__u32 moves = endpoint->moves, variant = endpoint->variant;

	side->identity = endpoint->identity;
	side->peer = variant ?: side->identity;
	side->policy = endpoint->policy;
	side->flags = endpoint->flags;
	side->generation = endpoint->generation;
	return endpoint->moves == moves;
}

/*
 * Who an endpoint is, as of one moment. INVARIANT: never the identity of one moment with the policy
 * of another, which together could let through what neither does. An endpoint that has just gone,
 * or that changes at each look, has no policy for this packet.
 */
VERIFIED_ONCE int set_side(struct side *side, const struct endpoint *endpoint, __u32 id)
{
	if (!side || !endpoint)
		return 0;
	side->id = id;
	for (int i = 0; i < SIDE_LOOKS; i++) {
		if (read_side(side, endpoint) && side->flags & ENDPOINT_PRESENT)
			return 0;
	}
	side->policy = 0;
	return 0;
}

/* Who has an address, whose endpoint is already looked up: as resolve. */
static __always_inline int resolve_found(struct packet *p, __u32 ref, const union address *address,
					 struct side *side, int unknown)
{
	const struct endpoint *endpoint;

	if (!ref) {
		find_remote(address->words_be[3], side);
		return side->identity ? 0 : unknown;
	}
	endpoint = endpoint_at(ref & 0xffff);
	if (!endpoint || endpoint->generation != ref >> 16 ||
	    endpoint->address4.words_be[3] != address->words_be[3])
		return refuse(p, DROP_NO_ENDPOINT, DETAIL_NONE);
	set_side(side, endpoint, ref & 0xffff);
	return 0;
}

/* Who has an address: an endpoint of this node, or somebody else whose identity is known. 0, or
 * `unknown`. */
static __always_inline int resolve(struct packet *p, const union address *address,
				   struct side *side, int unknown)
{
	return resolve_found(p, find_endpoint(address->words_be[3]), address, side, unknown);
}

#endif
