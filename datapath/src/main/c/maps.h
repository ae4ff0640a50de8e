/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps, and lookups in those that are arrays. Sizes are defaults: set anew before load. */
#ifndef MAPS_H
#define MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "ovenet.h"
#include "service_maps.h"

enum {
	VERDICT_CACHE_BITS = 10,
	VERDICT_CACHE_ENTRIES = 1 << VERDICT_CACHE_BITS,
};

const volatile struct config config;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ENDPOINTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct endpoint);
} endpoint_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENDPOINTS);
	__type(key, struct address_key);
	__type(value, struct endpoint_ref);
} endpoint_by_address SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct class_key);
	__type(value, struct class_value);
} class_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct policy_key);
	__type(value, struct policy_value);
} policy_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct revisions);
} revision_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VERDICT_CACHE_ENTRIES);
	__type(key, __u32);
	__type(value, struct cached_verdict);
} verdict_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct conntrack_key);
	__type(value, struct conntrack);
} conntrack_map SEC(".maps");

/* An entry in the making, which the stack has no room for. INVARIANT: programs run to their end on
 * one processor with bottom halves off, so nobody else writes it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conntrack);
} conntrack_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 262144);
	__type(key, __u32);
	__type(value, struct conntrack_slot);
} conntrack_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ENDPOINTS);
	__type(key, __u32);
	__type(value, struct conntrack_count);
} conntrack_owned SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conntrack_hand);
} conntrack_hand SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counter);
} event_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256 * 4);
	__type(key, __u32);
	__type(value, struct counter);
} drop_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct nat_key);
	__type(value, struct nat_value);
} nat_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct service_flow_key);
	__type(value, struct service_flow);
} service_flow_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct source_range_key);
	__type(value, __u32);
} source_range_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct redirect_skip_key);
	__type(value, __u32);
} redirect_skip_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DISAGREEMENTS);
	__type(key, __u32);
	__type(value, __u64);
} disagreements SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct announced_key);
	__type(value, struct announced);
} announced_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragment_key);
	__type(value, struct fragment);
} fragment_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct trace_key);
	__type(value, struct trace_step);
} trace_map SEC(".maps");

/* Present endpoints only. */
static __always_inline struct endpoint *endpoint_at(__u32 id)
{
	struct endpoint *endpoint = bpf_map_lookup_elem(&endpoint_map, &id);

	if (!endpoint || !(endpoint->flags & ENDPOINT_PRESENT))
		return NULL;
	return endpoint;
}

/* INVARIANT: read before anything that a decision looks up, so that a change in between leaves
 * the decision with a revision that is too old, never with one that is too new. */
static __always_inline __u64 current_revision(void)
{
	__u32 zero = 0;
	struct revisions *revisions = bpf_map_lookup_elem(&revision_map, &zero);

	return revisions ? *(volatile __u64 *)&revisions->current : 0;
}

static __always_inline __u64 tables_revision(void)
{
	__u32 zero = 0;
	struct revisions *revisions = bpf_map_lookup_elem(&revision_map, &zero);

	return revisions ? *(volatile __u64 *)&revisions->tables : 0;
}

static __always_inline __u64 remote_revision(void)
{
	__u32 zero = 0;
	struct revisions *revisions = bpf_map_lookup_elem(&revision_map, &zero);

	return revisions ? *(volatile __u64 *)&revisions->remote : ~0ULL;
}

#endif
