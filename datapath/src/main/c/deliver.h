/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The last step: MAC addresses written, packet handed on. */
#ifndef DELIVER_H
#define DELIVER_H

#include "dns.h"
#include "events.h"

enum {
	PACKET_HOST = 0, /* linux/if_packet.h */
	OUTER_TTL = 64,
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
	tell_answer(skb, p);
	decrement_ttl(ip);
	__builtin_memcpy(ethernet->h_source, to->gateway_mac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, to->mac, ETH_ALEN);
	/* Before Linux 6.15 the packet keeps the type it had on the host's side. */
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(to->ifindex, 0);
}

/* How an identity is told to other nodes: what they know by themselves of an address that is
 * outside of the cluster is theirs to say, and this node is a remote one to them. */
static __always_inline __u32 identity_on_the_wire(__u32 identity)
{
	if (identity == IDENTITY_HOST || identity == IDENTITY_KUBE_APISERVER)
		return IDENTITY_REMOTE_NODE;
	return identity >= IDENTITY_LOCAL ? IDENTITY_WORLD : identity;
}

/* Through the overlay, to the node behind which the destination is, with the sender's identity as
 * the VNI. */
VERIFIED_ONCE int encapsulate(struct __sk_buff *skb, struct packet *p, __u32 identity,
			      __u32 tunnel_be)
{
	struct bpf_tunnel_key key = {
	    .tunnel_id = identity_on_the_wire(identity),
	    .remote_ipv4 = bpf_ntohl(tunnel_be),
	    .tunnel_ttl = OUTER_TTL,
	};

	if (!p)
		return TC_ACT_SHOT;
	if (!config.tunnel_ifindex ||
	    bpf_skb_set_tunnel_key(skb, &key, sizeof(key),
				   BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT))
		return drop(skb, p, DROP_NO_TUNNEL, DIRECTION_EGRESS);
	return bpf_redirect(config.tunnel_ifindex, 0);
}

/* What a pod sends through the overlay. */
static __always_inline int deliver_to_overlay(struct __sk_buff *skb, struct packet *p,
					      __u32 identity, __be32 tunnel_be)
{
	struct ethhdr *ethernet = data_of(skb);
	struct iphdr *ip = (void *)(ethernet + 1);

	if ((void *)(ip + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	decrement_ttl(ip);
	return encapsulate(skb, p, identity, tunnel_be);
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

/* By the device towards the outside, from an address that the stack need not know. */
static __always_inline int deliver_to_network(struct __sk_buff *skb, struct packet *p)
{
	struct iphdr *ip = data_of(skb) + ETH_HLEN;

	if ((void *)(ip + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	if (p->ttl <= 1)
		return drop(skb, p, DROP_TTL, DIRECTION_EGRESS);
	decrement_ttl(ip);
	return bpf_redirect_neigh(config.network_ifindex, NULL, 0, 0);
}

/* Into the pod whose interface we are on. */
static __always_inline int deliver_here(struct __sk_buff *skb, struct packet *p,
					const struct endpoint *self)
{
	struct ethhdr *ethernet = data_of(skb);

	if ((void *)(ethernet + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	tell_answer(skb, p);
	__builtin_memcpy(ethernet->h_source, self->gateway_mac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, self->mac, ETH_ALEN);
	return TC_ACT_OK;
}

#endif
