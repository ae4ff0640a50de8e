/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A pod is told of what its policy refuses of its own packets, where the node is set to: ICMP
 * "administratively prohibited", as if the gateway were a router that says so (RFC 1812 5.2.7.1).
 * After the packet is dropped, counted and told: nothing of it goes anywhere but back.
 */
#ifndef REFUSED_H
#define REFUSED_H

#include "deliver.h"
#include "service.h"

enum {
	ICMP_PROHIBITED = 13, /* code of ICMP_DEST_UNREACH (RFC 1812) */
	/* An endpoint is told of so many a second, after as many at once. */
	REFUSALS_TOLD = 100,
	/* Of the packet beyond its IP header: more than the eight bytes by which a socket is found,
	 * since what a device is still to write a checksum into cannot be cut off. */
	REFUSED_QUOTED = 20,
	REFUSED_WORDS = (sizeof(struct icmphdr) + 60 + REFUSED_QUOTED) / 4,
	FIRST_GROUP = 0xe0000000, /* multicast, and above it broadcast */
};

/* By endpoint: when the last of what it was told would be due, at an even rate. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ENDPOINTS);
	__type(key, __u32);
	__type(value, __u64);
} refusals_due SEC(".maps");

struct refusal_headers {
	struct iphdr ip;
	struct icmphdr icmp;
} __attribute__((packed));

/* Two processors may take the same moment: a few more are told then, never many. */
static __always_inline bool is_due(__u32 id, __u64 now)
{
	__u64 *due = bpf_map_lookup_elem(&refusals_due, &id);

	if (!due || *due > now + SECOND_NS)
		return false;
	*due = (*due > now ? *due : now) + SECOND_NS / REFUSALS_TOLD;
	return true;
}

/* Whom RFC 1122 3.2.2 forbids to answer: errors have not come here. */
static __always_inline bool is_answerable(struct __sk_buff *skb, const struct packet *p)
{
	return bpf_ntohl(p->tuple.destination.words_be[3]) < (__u32)FIRST_GROUP &&
	       !is_later_fragment(skb);
}

/* A packet that went to a backend is again the one that the pod sent: 0, or an error. */
static __always_inline int restore_called(struct __sk_buff *skb, struct packet *p)
{
	const struct translation *t = translation();

	if (!t)
		return -EINVAL;
	if (change_end(skb, p, &p->tuple.destination, &t->key.frontend,
		       p->tuple.destination_port_be, t->key.frontend_port_be, true))
		return -EINVAL;
	if (!is_address(&p->tuple.source, &t->key.client) &&
	    change_end(skb, p, &p->tuple.source, &t->key.client, p->tuple.source_port_be,
		       p->tuple.source_port_be, false))
		return -EINVAL;
	p->tuple.destination = t->key.frontend;
	return 0;
}

static __always_inline __u16 checksum_of_rest(struct __sk_buff *skb, __u32 at)
{
	__u32 *word = data_of(skb) + at;
	void *end = end_of(skb);
	__u64 sum = 0;

	for (int i = 0; i < REFUSED_WORDS; i++) {
		if ((void *)(word + 1) > end)
			break;
		sum += *word++;
	}
	return ~fold(sum);
}

/* Headers before the quoted packet, which is at its place: 0, or an error. */
static __always_inline int write_refusal(struct __sk_buff *skb, const struct packet *p,
					 const struct endpoint *self)
{
	struct ethhdr *ethernet = data_of(skb);
	struct refusal_headers *headers = (void *)(ethernet + 1);

	if ((void *)(headers + 1) > end_of(skb))
		return -EINVAL;
	__builtin_memset(headers, 0, sizeof(*headers));
	headers->icmp.type = ICMP_DEST_UNREACH;
	headers->icmp.code = ICMP_PROHIBITED;
	headers->icmp.checksum_be = checksum_of_rest(skb, ETH_HLEN + sizeof(headers->ip));
	headers->ip.version = 4;
	headers->ip.ihl = sizeof(headers->ip) / 4;
	headers->ip.tot_len = bpf_htons(skb->len - ETH_HLEN);
	headers->ip.frag_off = bpf_htons(FRAGMENT_KEPT_WHOLE);
	headers->ip.ttl = OUTER_TTL;
	headers->ip.protocol = IPPROTO_ICMP;
	headers->ip.saddr = p->tuple.destination.words_be[3];
	headers->ip.daddr = self->address4.words_be[3];
	__u32 *words = (__u32 *)headers;
	headers->ip.check = ~fold((__u64)words[0] + words[1] + words[2] + words[3] + words[4]);
	__builtin_memcpy(ethernet->h_source, self->gateway_mac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, self->mac, ETH_ALEN);
	return 0;
}

/* Makes the answer of the packet, which has been dropped. */
VERIFIED_ONCE int answer_refused(struct __sk_buff *skb, struct packet *p)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE, length;
	const struct endpoint *self = endpoint_at(id);

	if (!p || !self || (p->refused != DROP_POLICY_DEFAULT && p->refused != DROP_POLICY_DENY))
		return TC_ACT_SHOT;
	if (!is_answerable(skb, p) || !is_due(id, p->now))
		return TC_ACT_SHOT;
	if (p->service && restore_called(skb, p))
		return TC_ACT_SHOT;
	length = skb->len - ETH_HLEN;
	if (length > p->ip_header_length + REFUSED_QUOTED)
		length = p->ip_header_length + REFUSED_QUOTED;
	if (bpf_skb_change_tail(skb, ETH_HLEN + (length & ~3), 0) ||
	    bpf_skb_adjust_room(skb, sizeof(struct refusal_headers), BPF_ADJ_ROOM_MAC, 0) ||
	    write_refusal(skb, p, self))
		return TC_ACT_SHOT;
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(self->ifindex, 0);
}

/* The end of a pod's packet that was dropped. */
static __always_inline int end_refused(struct __sk_buff *skb, struct packet *p)
{
	return config.answer_refused ? answer_refused(skb, p) : TC_ACT_SHOT;
}

#endif
