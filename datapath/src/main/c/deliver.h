/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The last step: MAC addresses written, packet handed on. */
#ifndef DELIVER_H
#define DELIVER_H

#include "events.h"

enum {
	PACKET_HOST = 0, /* linux/if_packet.h */
};

/* One hop less, and the header's checksum with it (RFC 1141). */
static __always_inline void decrement_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->ttl--;
	ip->check = check + (check >= 0xffff);
}

/*
 * To an endpoint of this node, past its to_pod: ingress is already judged. We are a router between
 * them, so the TTL goes down by one; where the stack comes after us it does that itself.
 */
static __always_inline int deliver_to_endpoint(struct __sk_buff *skb, struct packet *p,
					       const struct endpoint *to)
{
	struct ethhdr *ethernet = data_of(skb);
	struct iphdr *ip = (void *)(ethernet + 1);

	if ((void *)(ip + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	decrement_ttl(ip);
	__builtin_memcpy(ethernet->h_source, to->gateway_mac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, to->mac, ETH_ALEN);
	/* Before Linux 6.15 the packet keeps the type it had on the host's side. */
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(to->ifindex, 0);
}

/* To the node itself or the outside, by way of its stack. */
static __always_inline int deliver_to_stack(struct __sk_buff *skb, struct packet *p)
{
	struct ethhdr *ethernet = data_of(skb);

	if ((void *)(ethernet + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	for (int i = 0; i < ETH_ALEN; i++)
		ethernet->h_dest[i] = config.host_mac[i];
	return bpf_redirect(config.host_ifindex, BPF_F_INGRESS);
}

/* Into the pod whose interface we are on. */
static __always_inline int deliver_here(struct __sk_buff *skb, struct packet *p,
					const struct endpoint *self)
{
	struct ethhdr *ethernet = data_of(skb);

	if ((void *)(ethernet + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	__builtin_memcpy(ethernet->h_source, self->gateway_mac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, self->mac, ETH_ALEN);
	return TC_ACT_OK;
}

#endif
