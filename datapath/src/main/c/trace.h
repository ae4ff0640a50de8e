/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Where a packet would come out: one that the agent sends in a pod's place, told step by step and
 * dropped before it gets anywhere. See enum trace_constants for whom to believe.
 *
 * INVARIANT: a traced packet is looked up in every table as another one is, and written to none but
 * trace_map: no connection, port, backend, affinity or event is left of it. It ends with
 * TC_ACT_SHOT, or goes on to another node.
 */
#ifndef TRACE_H
#define TRACE_H

#include "decide.h"
#include "deliver.h"
#include "overlay.h"
#include "sender.h"
#include "service.h"

/* What a step is made of; the stack has no room for it. INVARIANT: as of packet_scratch. */
struct tracing {
	struct trace_key key;
	struct trace_step step;
	struct decision decision;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tracing);
} tracing_scratch SEC(".maps");

static __always_inline struct tracing *tracing(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&tracing_scratch, &zero);
}

static __always_inline __be16 port_told(const struct packet *p)
{
	return p->tuple.protocol == IPPROTO_ICMP ? bpf_htons(p->icmp_type)
						 : p->tuple.destination_port_be;
}

/* The end of a node's part of the way: TC_ACT_SHOT, whatever else the caller does with it. */
VERIFIED_ONCE int end_step(struct __sk_buff *skb, struct packet *p, __u32 end, __u32 reason)
{
	struct tracing *t = tracing();

	if (!p || !t)
		return TC_ACT_SHOT;
	t->step.time = bpf_ktime_get_ns();
	t->step.source = p->tuple.source;
	t->step.destination = p->tuple.destination;
	t->step.source_port_be = p->tuple.source_port_be;
	t->step.destination_port_be = port_told(p);
	t->step.source_endpoint = p->from.id;
	t->step.destination_endpoint = p->to.id;
	t->step.source_identity = p->from.identity;
	t->step.destination_identity = p->to.identity;
	t->step.protocol = p->tuple.protocol;
	t->step.service = p->service;
	t->step.end = end;
	t->step.reason = reason;
	t->step.detail = reason ? p->detail : 0;
	t->step.length = skb->len;
	bpf_map_update_elem(&trace_map, &t->key, &t->step, BPF_ANY);
	return TC_ACT_SHOT;
}

/* NULL only for the verifier. */
static __always_inline struct tracing *begin_step(struct packet *p, __be32 sender_be, __u32 number,
						  __u32 place)
{
	struct tracing *t = tracing();

	if (!t)
		return NULL;
	__builtin_memset(t, 0, sizeof(*t));
	t->key.sender_be = sender_be;
	t->key.number = number;
	t->key.place = place;
	p->traced = true;
	return t;
}

/* Judged as one that begins a connection: 0, or a drop reason. */
VERIFIED_ONCE int judge_traced(struct packet *p)
{
	struct tracing *t = tracing();

	if (!p || !t)
		return DROP_INVALID_PACKET;
	if (p->tuple.icmp_answer)
		return refuse(p, DROP_NO_CONNECTION, DETAIL_ICMP_UNRELATED);
	decide(p, false, &t->decision);
	t->step.egress = told_verdict(&t->decision.egress, DIRECTION_EGRESS);
	t->step.ingress = told_verdict(&t->decision.ingress, DIRECTION_INGRESS);
	if (reason_of(&t->decision))
		p->detail = refusal(&t->decision)->detail;
	return reason_of(&t->decision);
}

/* To a pod of this node, if its device took it. */
VERIFIED_ONCE int end_at_pod(struct __sk_buff *skb, struct packet *p)
{
	struct tracing *t = tracing();
	const struct endpoint *to;
	long error;

	if (!p || !t)
		return TC_ACT_SHOT;
	to = endpoint_at(p->to.id);
	if (!to)
		return end_step(skb, p, TRACED_REFUSED, DROP_NO_ENDPOINT);
	t->step.mtu = 0;
	error = bpf_check_mtu(skb, to->ifindex, &t->step.mtu, 0, 0);
	if (error < 0) /* there is no such device */
		return end_step(skb, p, TRACED_REFUSED, DROP_NO_ENDPOINT);
	return end_step(skb, p, error ? TRACED_TOO_BIG : TRACED_DELIVERED, 0);
}

/* Through the overlay, with what makes the other node's program tell of it. */
VERIFIED_ONCE int send_traced_on(struct __sk_buff *skb, struct packet *p, __u32 number)
{
	struct tracing *t = tracing();
	struct ethhdr *ethernet = data_of(skb);
	struct iphdr *ip = (void *)(ethernet + 1);
	int action;

	if (!p || !t || (void *)(ip + 1) > end_of(skb))
		return TC_ACT_SHOT;
	if (!config.tunnel_ifindex)
		return end_step(skb, p, TRACED_REFUSED, DROP_NO_TUNNEL);
	*(__be32 *)ethernet->h_dest = bpf_htonl(TRACED_MAC);
	*(__be16 *)&ethernet->h_dest[4] = bpf_htons(number);
	decrement_ttl(ip);
	t->step.tunnel_be = p->to.tunnel_be;
	action = encapsulate(skb, p, p->from.identity, p->to.tunnel_be);
	if (action == TC_ACT_SHOT)
		return end_step(skb, p, TRACED_REFUSED, DROP_NO_TUNNEL);
	end_step(skb, p, TRACED_SENT, 0);
	return action;
}

/* To the node, or out of the cluster. */
static __always_inline int end_outside(struct __sk_buff *skb, struct packet *p, struct tracing *t)
{
	int reason;

	if (p->to.identity == IDENTITY_HOST)
		return end_step(skb, p, TRACED_TO_NODE, 0);
	reason = masquerade(p);
	if (reason)
		return end_step(skb, p, TRACED_REFUSED, reason);
	t->step.masked = p->nat != 0;
	return end_step(skb, p, TRACED_TO_WORLD, 0);
}

/* Who is at the other end, by way of a service: 0, or a drop reason. */
VERIFIED_ONCE int find_target(struct __sk_buff *skb, struct packet *p)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	const struct endpoint *self = endpoint_at(id);
	__u32 ref;
	int reason;

	if (!p || !self)
		return DROP_NOT_READY;
	set_side(&p->from, self, id);
	ref = find_endpoint(p->tuple.destination.words_be[3]);
	if (!ref) {
		reason = to_backend(skb, p);
		if (reason != TRANSLATED && reason != NO_SERVICE)
			return reason;
		ref = find_endpoint(p->tuple.destination.words_be[3]);
	}
	reason = resolve_found(p, ref, &p->tuple.destination, &p->to, DROP_UNKNOWN_TARGET);
	if (!reason && (p->to.id || p->to.tunnel_be) && p->ttl <= 1)
		return DROP_TTL;
	return reason;
}

/* As from_pod. The mark has the number. */
VERIFIED_ONCE int trace_from_pod(struct __sk_buff *skb, struct packet *p)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	__u32 number = skb->mark & (TRACED_NUMBERS - 1);
	const struct endpoint *self = endpoint_at(id);
	struct tracing *t;
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	skb->mark = 0;
	t = begin_step(p, 0, number, TRACED_AT_POD);
	if (!t)
		return TC_ACT_SHOT;
	if (!self || self->ifindex != skb->ifindex)
		return end_step(skb, p, TRACED_REFUSED, DROP_NOT_READY);
	p->from.id = id;
	p->from.identity = self->identity;
	reason = check_sender(skb, p, self);
	if (reason)
		return end_step(skb, p, TRACED_REFUSED, reason);
	p->now = bpf_ktime_get_coarse_ns();
	t->step.called = p->tuple.destination;
	t->step.called_port_be = port_told(p);
	reason = find_target(skb, p);
	if (!reason)
		reason = judge_traced(p);
	if (reason)
		return end_step(skb, p, TRACED_REFUSED, reason);
	if (p->to.id)
		return end_at_pod(skb, p);
	return p->to.tunnel_be ? send_traced_on(skb, p, number) : end_outside(skb, p, t);
}

/* As from_overlay, whose outer source and identity they are. */
VERIFIED_ONCE int trace_from_overlay(struct __sk_buff *skb, struct packet *p, __u32 outer_be,
				     __u32 told)
{
	struct ethhdr *ethernet = data_of(skb);
	struct tracing *t;
	int reason;

	if (!p || (void *)(ethernet + 1) > end_of(skb))
		return TC_ACT_SHOT;
	t = begin_step(p, outer_be, bpf_ntohs(*(__be16 *)&ethernet->h_dest[4]), TRACED_AT_OVERLAY);
	if (!t)
		return TC_ACT_SHOT;
	t->step.tunnel_be = outer_be;
	t->step.called = p->tuple.destination;
	t->step.called_port_be = port_told(p);
	p->now = bpf_ktime_get_coarse_ns();
	reason = believe(p, outer_be, told);
	if (reason == DROP_IDENTITY && p->detail == DETAIL_NOT_A_NODE)
		t->key.sender_be = 0;
	if (!reason)
		reason = resolve(p, &p->tuple.destination, &p->to, DROP_NO_ENDPOINT);
	if (!reason && !p->to.id && p->to.identity != IDENTITY_HOST)
		reason = DROP_NO_ENDPOINT;
	if (!reason && p->to.id && p->ttl <= 1)
		reason = DROP_TTL;
	if (!reason && p->to.id)
		reason = judge_traced(p);
	if (reason)
		return end_step(skb, p, TRACED_REFUSED, reason);
	return p->to.id ? end_at_pod(skb, p) : end_step(skb, p, TRACED_TO_NODE, 0);
}

/* Sends the frame that it is run on in the place of the pod whose address is its source; its mark
 * says that it is traced. 0, a negative error, or 1: no endpoint has that address. */
SEC("tc")
int send_traced(struct __sk_buff *skb)
{
	struct ethhdr *ethernet = data_of(skb);
	struct iphdr *ip = (void *)(ethernet + 1);
	const struct endpoint *self;
	__u32 ref;

	if ((void *)(ip + 1) > end_of(skb))
		return 1;
	ref = find_endpoint(ip->saddr);
	self = endpoint_at(ref & 0xffff);
	if (!ref || !self || self->generation != ref >> 16)
		return 1;
	return bpf_clone_redirect(skb, self->ifindex, BPF_F_INGRESS);
}

#endif
