/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The gateway answers for itself: nobody else is on the pod's link. */
#ifndef ARP_H
#define ARP_H

#include "deliver.h"

enum {
	ARP_HARDWARE_ETHERNET = 1,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp_ipv4 {
	__be16 hardware_be;
	__be16 protocol_be;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation_be;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender[4];
	__u8 target_mac[ETH_ALEN];
	__u8 target[4];
} __attribute__((packed));

static __always_inline bool same_address(const __u8 *bytes, __be32 address)
{
	__be32 value;

	__builtin_memcpy(&value, bytes, sizeof(value));
	return value == address;
}

static __always_inline bool asks_for_gateway(const struct arp_ipv4 *arp)
{
	return arp->hardware_be == bpf_htons(ARP_HARDWARE_ETHERNET) &&
	       arp->protocol_be == bpf_htons(ETH_P_IP) && arp->hardware_length == ETH_ALEN &&
	       arp->protocol_length == 4 && arp->operation_be == bpf_htons(ARP_REQUEST) &&
	       same_address(arp->target, config.gateway_be);
}

static __always_inline int answer_arp(struct __sk_buff *skb, struct packet *p,
				      const struct endpoint *self)
{
	struct ethhdr *ethernet;
	struct arp_ipv4 *arp;

	make_linear(skb, sizeof(*ethernet) + sizeof(*arp));
	ethernet = data_of(skb);
	arp = (void *)(ethernet + 1);
	if ((void *)(arp + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	if (!asks_for_gateway(arp))
		return drop(skb, p, DROP_UNSUPPORTED_L2, DIRECTION_EGRESS);
	if (__builtin_memcmp(arp->sender_mac, self->mac, ETH_ALEN))
		return drop(skb, p, DROP_SOURCE_MAC, DIRECTION_EGRESS);
	if (!same_address(arp->sender, self->address4.words_be[3]))
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_EGRESS);
	arp->operation_be = bpf_htons(ARP_REPLY);
	__builtin_memcpy(arp->target_mac, self->mac, ETH_ALEN);
	__builtin_memcpy(arp->target, arp->sender, sizeof(arp->target));
	__builtin_memcpy(arp->sender_mac, self->gateway_mac, ETH_ALEN);
	__builtin_memcpy(arp->sender, (const void *)&(__be32){config.gateway_be},
			 sizeof(arp->sender));
	__builtin_memcpy(ethernet->h_dest, self->mac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, self->gateway_mac, ETH_ALEN);
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(self->ifindex, 0);
}

#endif
