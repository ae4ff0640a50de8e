/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What pods ask of DNS servers and what these answer, copied for user space to name addresses by:
 * nothing is decided by it. In a ring of its own, so that no flood of it costs an event.
 */
#ifndef DNS_H
#define DNS_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "resolve.h"

enum dns_ports {
	DNS_PORT = 53,
	DNS_POD_PORT = 5353, /* of OpenShift's servers behind their service */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} dns_messages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counter);
} dns_counters SEC(".maps");

static __always_inline bool is_dns_port(__be16 port_be)
{
	return port_be == bpf_htons(DNS_PORT) || port_be == bpf_htons(DNS_POD_PORT);
}

/* Of one end; where nothing was looked up, since the connection stands, it is now. */
static __always_inline __u32 identity_at(const struct side *side, const union address *address)
{
	struct side remote;

	if (side->identity)
		return side->identity;
	find_remote(address->words_be[3], &remote);
	return remote.identity;
}

VERIFIED_ONCE int copy_dns(struct __sk_buff *skb, const struct packet *p)
{
	struct event_counter *counter;
	struct dns_message *message;
	__u32 zero = 0, offset, captured;

	if (!p || p->tuple.protocol != IPPROTO_UDP)
		return 0;
	offset = ETH_HLEN + p->ip_header_length + sizeof(struct udphdr);
	counter = bpf_map_lookup_elem(&dns_counters, &zero);
	if (!counter || offset >= skb->len)
		return 0;
	message = bpf_ringbuf_reserve(&dns_messages, sizeof(*message), 0);
	if (!message) {
		counter->lost++;
		return 0;
	}
	message->time = bpf_ktime_get_ns();
	message->source = p->tuple.source;
	message->destination = p->tuple.destination;
	message->source_port_be = p->tuple.source_port_be;
	message->destination_port_be = p->tuple.destination_port_be;
	message->source_endpoint = p->from.id;
	message->destination_endpoint = p->to.id;
	message->source_identity = identity_at(&p->from, &p->tuple.source);
	message->destination_identity = identity_at(&p->to, &p->tuple.destination);
	message->network = POD_NETWORK;
	captured = skb->len - offset;
	message->length = captured;
	if (captured > DNS_PAYLOAD)
		captured = DNS_PAYLOAD;
	message->captured = captured;
	/* From 1 to DNS_PAYLOAD it is already, but the verifier forgets the former. */
	captured--;
	asm volatile("" : "+r"(captured));
	captured = (captured & (DNS_PAYLOAD - 1)) + 1;
	if (bpf_skb_load_bytes(skb, offset, message->payload, captured)) {
		bpf_ringbuf_discard(message, BPF_RB_NO_WAKEUP);
		return 0;
	}
	counter->written++;
	bpf_ringbuf_submit(message, BPF_RB_NO_WAKEUP);
	return 0;
}

/* A pod's question, once it may pass. */
static __always_inline void tell_question(struct __sk_buff *skb, const struct packet *p)
{
	if (is_dns_port(p->tuple.destination_port_be))
		copy_dns(skb, p);
}

/* An answer, when it is given to a pod. */
static __always_inline void tell_answer(struct __sk_buff *skb, const struct packet *p)
{
	if (is_dns_port(p->tuple.source_port_be))
		copy_dns(skb, p);
}

#endif
