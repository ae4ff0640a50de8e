/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Room for connections, found without user space: a clock hand goes over an array of slots, one
 * for each entry that conntrack_map can hold.
 *
 * INVARIANT: whoever changes a slot has claimed it by compare-and-exchange; an entry is inserted
 * only by who holds a slot for it, so no entry is without one.
 * INVARIANT: nobody deletes an entry but who has claimed its slot, so no entry has two.
 * INVARIANT: conntrack_owned[e] is the number of used slots whose owner is e: it changes only
 * together with the slot, by who has claimed it.
 * A race with the connection's own packets can lose an entry, whose next packet is then decided
 * as a new one; it can neither leak one nor let anything pass.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <linux/errno.h>
#include <linux/in.h>
#include "maps.h"
#include "packet.h"
#include "service_flow.h"

enum {
	SLOTS_LOOKED_AT = 32,
	SLOTS_IN_TURN = 8,
	TICK_SHIFT = 20,	  /* a tick is 2^20 ns */
	LOOK_AGAIN_TICKS = 10000, /* a connection may end long before it would expire */
	NO_SLOT = -1,
	SLOT_OF_OLD = 0x7fffffff,
};

static __always_inline __u64 slot_state(__u64 expires, __u64 now, __u32 owner, __u32 flags)
{
	__u64 tick = expires >> TICK_SHIFT, latest = (now >> TICK_SHIFT) + LOOK_AGAIN_TICKS;

	return (tick < latest ? tick : latest) << 24 | (__u64)owner << 8 | flags;
}

static __always_inline bool over_share(__u32 owner)
{
	struct conntrack_count *count = bpf_map_lookup_elem(&conntrack_owned, &owner);

	return count && count->slots > config.conntrack_share;
}

static __always_inline void own_slots(__u32 owner, __s64 change)
{
	struct conntrack_count *count = bpf_map_lookup_elem(&conntrack_owned, &owner);

	if (count)
		__sync_fetch_and_add(&count->slots, change);
}

/* Answered, and not yet over: such a connection stays whatever others do. */
static __always_inline bool is_kept(const struct conntrack *connection)
{
	return connection->tcp_state == CONNTRACK_ESTABLISHED ||
	       connection->tcp_state == CONNTRACK_CLOSING;
}

/* The node's port of a connection that goes is free for others. */
VERIFIED_ONCE int forget_nat(const struct conntrack *connection, const struct conntrack_key *key)
{
	struct nat_key nat = {};

	if (!connection || !key)
		return 0;
	/* Who is behind the node's port began it. */
	bool hi_is_pod = connection->flags & CONNTRACK_HI_BEGAN;
	nat.remote = hi_is_pod ? key->lo : key->hi;
	nat.remote_port_be = hi_is_pod ? key->lo_port_be : key->hi_port_be;
	nat.port_be = connection->nat;
	nat.protocol = key->protocol;
	if (nat.protocol == IPPROTO_ICMP)
		nat.remote_port_be = 0;
	return bpf_map_delete_elem(&nat_map, &nat);
}

/* Claims a slot that is free or can be freed: 1. Leaves others as they are: 0. */
VERIFIED_ONCE int claim_slot(__u32 index, __u64 now)
{
	struct conntrack_slot *slot = bpf_map_lookup_elem(&conntrack_slots, &index);
	struct conntrack *connection;

	if (!slot)
		return 0;
	__u64 state = *(volatile __u64 *)&slot->state;
	if (state & SLOT_CLAIMED)
		return 0;
	__u32 owner = (state >> 8) & 0xffff;
	bool takeable = (state & SLOT_USED) && over_share(owner);
	if (state >> 24 > now >> TICK_SHIFT && (!takeable || state & SLOT_ANSWERED))
		return 0;
	if (__sync_val_compare_and_swap(&slot->state, state, SLOT_CLAIMED) != state)
		return 0;
	if (!(state & SLOT_USED))
		return 1;
	connection = bpf_map_lookup_elem(&conntrack_map, &slot->key);
	if (connection) {
		__u64 expires = connection->expires;
		bool kept = is_kept(connection);

		if (expires > now && (kept || !takeable)) {
			*(volatile __u64 *)&slot->state =
			    slot_state(expires, now, owner, SLOT_USED | (kept ? SLOT_ANSWERED : 0));
			return 0;
		}
		if (connection->nat)
			forget_nat(connection, &slot->key);
		if (connection->flags & CONNTRACK_SERVICE)
			forget_flow(connection, &slot->key);
		bpf_map_delete_elem(&conntrack_map, &slot->key);
	}
	own_slots(owner, -1);
	return 1;
}

/* A claimed slot's index, or NO_SLOT: as far as one insertion may look, the table is full. */
VERIFIED_ONCE int find_slot(__u64 now)
{
	__u32 zero = 0;
	struct conntrack_hand *hand = bpf_map_lookup_elem(&conntrack_hand, &zero);

	if (!hand)
		return NO_SLOT;
	for (int i = 0; i < SLOTS_IN_TURN; i++) {
		__u32 index = __sync_fetch_and_add(&hand->next, 1) & (config.conntrack_slots - 1);

		if (claim_slot(index, now))
			return index;
	}
	/* Lasting connections that began together lie side by side: look elsewhere, and go on from
	 * there. */
	for (int i = SLOTS_IN_TURN; i < SLOTS_LOOKED_AT; i++) {
		__u32 index = bpf_get_prandom_u32() & (config.conntrack_slots - 1);

		if (claim_slot(index, now)) {
			*(volatile __u64 *)&hand->next = index + 1;
			return index;
		}
	}
	return NO_SLOT;
}

/*
 * Puts a connection into a slot claimed for it: 0, or a drop reason. A connection that another
 * processor has just inserted is no error.
 */
static __always_inline int insert_connection(const struct conntrack_key *key,
					     const struct conntrack *connection, __u32 index,
					     __u32 owner, __u64 now)
{
	struct conntrack_slot *slot = bpf_map_lookup_elem(&conntrack_slots, &index);
	int error;

	if (!slot)
		return DROP_CONNTRACK_FULL;
	error = bpf_map_update_elem(&conntrack_map, key, connection, BPF_NOEXIST);
	if (error) {
		*(volatile __u64 *)&slot->state = 0;
		return error == -EEXIST ? 0 : DROP_CONNTRACK_FULL;
	}
	slot->key = *key;
	own_slots(owner, 1);
	/* INVARIANT: after the key, which others read once the slot is no longer claimed. */
	*(volatile __u64 *)&slot->state = slot_state(connection->expires, now, owner, SLOT_USED);
	return 0;
}

#endif
