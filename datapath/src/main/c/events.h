/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is told to user space: nothing is lost without being counted. */
#ifndef EVENTS_H
#define EVENTS_H

#include <linux/pkt_cls.h>
#include "maps.h"
#include "parse.h"

enum observation {
	TRACE_TO_HOST = 2,
	TRACE_TO_STACK = 3,
	TRACE_TO_OVERLAY = 4,
	TRACE_FROM_ENDPOINT = 5,
	TRACE_FROM_OVERLAY = 9,
	TRACE_FROM_NETWORK = 10,
	TRACE_TO_NETWORK = 11,
	TRACE_TO_ENDPOINT = 101,
};

enum trace_reason {
	TRACE_NEW = 1,
	TRACE_ESTABLISHED = 2,
	TRACE_REPLY = 3,
	TRACE_RELATED = 4,
};

/* The stack has no room for it. INVARIANT: programs run to their end on one processor with bottom
 * halves off, so nobody else has it meanwhile. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} packet_scratch SEC(".maps");

/* Nothing is known yet. NULL only for the verifier. */
static __always_inline struct packet *begin_packet(void)
{
	__u32 zero = 0;
	struct packet *p = bpf_map_lookup_elem(&packet_scratch, &zero);

	if (p)
		__builtin_memset(p, 0, sizeof(*p));
	return p;
}

/* What an event says beside the packet. */
struct account {
	__u8 kind;
	__u8 subtype;
	__u8 direction;
	__u8 flags; /* EVENT_REPLY* */
	__u8 match;
	__u8 trace_reason;
	__u16 detail;
	__u32 rule;
	__u32 count;
};

static __always_inline void fill_event(struct __sk_buff *skb, const struct packet *p,
				       const struct account *account, struct event *event)
{
	event->time = p->time;
	event->kind = account->kind;
	event->subtype = account->subtype;
	event->direction = account->direction;
	event->flags = account->flags | p->parsed;
	event->protocol = p->tuple.protocol;
	event->tcp_flags = p->tcp_flags;
	event->match = account->match;
	event->trace_reason = account->trace_reason;
	event->source = p->tuple.source;
	event->destination = p->tuple.destination;
	event->source_port_be = p->tuple.source_port_be;
	event->destination_port_be = p->tuple.destination_port_be;
	if (p->tuple.protocol == IPPROTO_ICMP) {
		event->source_port_be = bpf_htons(p->icmp_type << 8 | p->icmp_code);
		event->destination_port_be = 0;
	}
	event->source_endpoint = p->from.id;
	event->destination_endpoint = p->to.id;
	event->source_identity = p->from.identity;
	event->destination_identity = p->to.identity;
	event->rule = account->rule;
	event->ifindex = skb->ifindex;
	event->length = skb->len;
	event->network = POD_NETWORK;
	event->drop_detail = account->detail;
	event->count = account->count ? account->count : 1;
	event->service = p->service;
	event->reserved = 0;
}

static __always_inline void fill_macs(struct __sk_buff *skb, struct event *event)
{
	struct ethhdr *ethernet = data_of(skb);

	__builtin_memset(event->source_mac, 0, 2 * ETH_ALEN);
	if ((void *)(ethernet + 1) > end_of(skb))
		return;
	__builtin_memcpy(event->source_mac, ethernet->h_source, ETH_ALEN);
	__builtin_memcpy(event->destination_mac, ethernet->h_dest, ETH_ALEN);
}

/* Room for a record of `count` events, or NULL. They are counted either way, unless nobody reads.
 */
static __always_inline void *reserve_record(__u64 size, __u32 count)
{
	__u32 zero = 0;
	struct event_counter *counter = bpf_map_lookup_elem(&event_counters, &zero);
	void *record;

	if (!counter || config.report_nothing)
		return NULL;
	record = bpf_ringbuf_reserve(&events, size, 0);
	if (record)
		counter->written += count;
	else
		counter->lost += count;
	return record;
}

/* A wake-up for each event costs more than all the rest: readers look by themselves. */
static __always_inline void submit_record(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

VERIFIED_ONCE int write_event(struct __sk_buff *skb, struct packet *p,
			      const struct account *account)
{
	struct event *event;

	if (!p || !account)
		return 0;
	event = reserve_record(sizeof(*event), 1);
	if (!event)
		return 0;
	if (!p->time)
		p->time = bpf_ktime_get_ns();
	fill_event(skb, p, account, event);
	fill_macs(skb, event);
	submit_record(event);
	return 0;
}

static __always_inline void count_drop(struct __sk_buff *skb, __u32 reason, __u32 direction)
{
	__u32 index = (reason & 0xff) * 4 + (direction & 3);
	struct counter *counter = bpf_map_lookup_elem(&drop_counters, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += skb->len;
}

/* The end of a packet: counted, told, gone. */
VERIFIED_ONCE int drop(struct __sk_buff *skb, struct packet *p, __u32 reason, __u32 direction)
{
	if (!p)
		return TC_ACT_SHOT;
	struct account account = {
	    .kind = EVENT_DROP,
	    .subtype = reason,
	    .direction = direction,
	    .match = p->match,
	    .detail = p->detail,
	    .rule = p->rule,
	};

	count_drop(skb, reason, direction);
	write_event(skb, p, &account);
	return TC_ACT_SHOT;
}

/* What is seen where the packet is handed on. */
static __always_inline int observation_of(const struct packet *p)
{
	if (p->to.id)
		return TRACE_TO_ENDPOINT;
	if (p->to.identity == IDENTITY_HOST)
		return TRACE_TO_HOST;
	if (p->nat)
		return TRACE_TO_NETWORK;
	return p->to.tunnel_be ? TRACE_TO_OVERLAY : TRACE_TO_STACK;
}

static __always_inline void set_trace(struct account *account, const struct packet *p, __u32 reason)
{
	account->kind = EVENT_TRACE;
	account->subtype = observation_of(p);
	account->direction = p->to.id ? DIRECTION_INGRESS : DIRECTION_EGRESS;
	account->flags = EVENT_REPLY_KNOWN | (reason == TRACE_REPLY ? EVENT_REPLY : 0);
	account->trace_reason = reason;
	account->rule = p->rule;
	account->count = p->count;
}

VERIFIED_ONCE int trace(struct __sk_buff *skb, struct packet *p, __u32 reason)
{
	struct account account = {};

	if (!p)
		return 0;
	set_trace(&account, p, reason);
	write_event(skb, p, &account);
	return 0;
}

/* A connection that begins: what let it, and its trace. */
VERIFIED_ONCE int trace_connection(struct __sk_buff *skb, struct packet *p,
				   const struct event_verdict *egress,
				   const struct event_verdict *ingress)
{
	struct connection_event *record;
	struct account account = {};

	if (!p || !egress || !ingress)
		return 0;
	record = reserve_record(sizeof(*record), 1 + !!egress->direction + !!ingress->direction);
	if (!record)
		return 0;
	if (!p->time)
		p->time = bpf_ktime_get_ns();
	set_trace(&account, p, TRACE_NEW);
	fill_event(skb, p, &account, &record->trace);
	fill_macs(skb, &record->trace);
	record->verdicts[0] = *egress;
	record->verdicts[1] = *ingress;
	submit_record(record);
	return 0;
}

/* A packet where it came in: whose it is beyond its sender has not been looked at. */
VERIFIED_ONCE int trace_received(struct __sk_buff *skb, struct packet *p, __u32 observation)
{
	struct account account = {
	    .kind = EVENT_TRACE,
	    .subtype = observation,
	    .direction = observation == TRACE_FROM_ENDPOINT ? DIRECTION_EGRESS : 0,
	};

	write_event(skb, p, &account);
	return 0;
}

static __always_inline bool readers_are_behind(void)
{
	__u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	return waiting > bpf_ringbuf_query(&events, BPF_RB_RING_SIZE) / 4 * 3;
}

#endif
