/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Addresses of services that this node stands for on its network: who asks for one by ARP gets the
 * device's own address, as long as the entry's deadline lasts. After it there is silence, whoever
 * forgot to take the entry away: by then another node may answer.
 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include "arp.h"

enum {
	PACKET_OTHERHOST = 3, /* linux/if_packet.h: for another's Ethernet address */
};

/* The address that somebody asks for, or 0. Who tells of an own address asks for it, too, and
 * wants no answer (RFC 5227). */
static __always_inline __be32 asked_for(const struct arp_ipv4 *arp)
{
	__be32 asked_be;

	if (arp->hardware_be != bpf_htons(ARP_HARDWARE_ETHERNET) ||
	    arp->protocol_be != bpf_htons(ETH_P_IP) || arp->hardware_length != ETH_ALEN ||
	    arp->protocol_length != 4 || arp->operation_be != bpf_htons(ARP_REQUEST))
		return 0;
	__builtin_memcpy(&asked_be, arp->target, sizeof(asked_be));
	return same_address(arp->sender, asked_be) ? 0 : asked_be;
}

/* Whatever is not asked for an announced address is the stack's. */
VERIFIED_ONCE int answer_announced(struct __sk_buff *skb)
{
	struct announced_key key = {.ifindex = skb->ifindex};
	struct announced *announced;
	struct ethhdr *ethernet;
	struct arp_ipv4 *arp;
	__be32 asked_be;

	if (skb->pkt_type == PACKET_OTHERHOST)
		return TC_ACT_UNSPEC;
	make_linear(skb, sizeof(*ethernet) + sizeof(*arp));
	ethernet = data_of(skb);
	arp = (void *)(ethernet + 1);
	if ((void *)(arp + 1) > end_of(skb))
		return TC_ACT_UNSPEC;
	asked_be = asked_for(arp);
	if (!asked_be)
		return TC_ACT_UNSPEC;
	set_mapped(&key.address, asked_be);
	announced = bpf_map_lookup_elem(&announced_map, &key);
	if (!announced || *(volatile __u64 *)&announced->deadline <= bpf_ktime_get_boot_ns())
		return TC_ACT_UNSPEC;
	__sync_fetch_and_add(&announced->answers, 1);
	arp->operation_be = bpf_htons(ARP_REPLY);
	__builtin_memcpy(arp->target_mac, arp->sender_mac, ETH_ALEN);
	__builtin_memcpy(arp->target, arp->sender, sizeof(arp->target));
	__builtin_memcpy(arp->sender_mac, announced->mac, ETH_ALEN);
	__builtin_memcpy(arp->sender, &asked_be, sizeof(arp->sender));
	__builtin_memcpy(ethernet->h_dest, ethernet->h_source, ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, announced->mac, ETH_ALEN);
	return bpf_redirect(skb->ifindex, 0);
}

#endif
