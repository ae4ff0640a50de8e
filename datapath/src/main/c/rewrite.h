/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Other addresses and ports in a packet, with the checksums over them. */
#ifndef REWRITE_H
#define REWRITE_H

#include <linux/errno.h>
#include "parse.h"

enum {
	IP_CHECK_OFFSET = 10,
	IP_SOURCE_OFFSET = 12,
	IP_DESTINATION_OFFSET = 16,
	TCP_CHECK_OFFSET = 16,
	UDP_CHECK_OFFSET = 6,
	ICMP_CHECK_OFFSET = 2,
	ICMP_IDENTIFIER_OFFSET = 4,
	DESTINATION_PORT_OFFSET = 2,
};

/* One end of a packet, and what takes its place. Ports as ICMP's identifier. */
struct rewrite {
	__be32 from_be;
	__be32 to_be;
	__be16 from_port_be;
	__be16 to_port_be;
	__u8 protocol;
	__u8 destination; /* the destination, not the source */
	__u8 reserved[2];
};

/* Where the checksum of a protocol is, beyond its header's start. */
static __always_inline __u32 check_offset(__u8 protocol)
{
	if (protocol == IPPROTO_TCP)
		return TCP_CHECK_OFFSET;
	return protocol == IPPROTO_UDP ? UDP_CHECK_OFFSET : ICMP_CHECK_OFFSET;
}

/* Whether the packet is a part of a datagram that has no header of its protocol. */
static __always_inline bool is_later_fragment(struct __sk_buff *skb)
{
	__be16 bits_be = 0;

	return bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, frag_off), &bits_be,
				  sizeof(bits_be)) ||
	       bits_be & bpf_htons(FRAGMENT_OFFSET);
}

/* Address and port of one end, with the checksums. Voids every pointer into the packet: 0, or an
 * error. Not for another port of SCTP, whose checksum is over all of it. */
VERIFIED_ONCE int rewrite_end(struct __sk_buff *skb, const struct rewrite *change, __u32 l4)
{
	__u32 address, port, check;
	__u64 flags = 0;

	if (!change || l4 < ETH_HLEN + IP_HEADER_MIN || l4 > ETH_HLEN + 60)
		return -EINVAL;
	address = ETH_HLEN + (change->destination ? IP_DESTINATION_OFFSET : IP_SOURCE_OFFSET);
	port = change->destination ? DESTINATION_PORT_OFFSET : 0;
	check = l4 + check_offset(change->protocol);
	if (change->protocol == IPPROTO_ICMP)
		port = ICMP_IDENTIFIER_OFFSET;
	if (change->protocol == IPPROTO_UDP)
		flags = BPF_F_MARK_MANGLED_0; /* no checksum stays none */
	if (is_later_fragment(skb))
		goto ip_header;
	if (change->from_port_be != change->to_port_be &&
	    (bpf_l4_csum_replace(skb, check, change->from_port_be, change->to_port_be, flags | 2) ||
	     bpf_skb_store_bytes(skb, l4 + port, &change->to_port_be, 2, 0)))
		return -EINVAL;
	if (change->protocol != IPPROTO_ICMP && change->protocol != IPPROTO_SCTP &&
	    bpf_l4_csum_replace(skb, check, change->from_be, change->to_be,
				flags | BPF_F_PSEUDO_HDR | 4))
		return -EINVAL;
ip_header:
	if (bpf_l3_csum_replace(skb, ETH_HLEN + IP_CHECK_OFFSET, change->from_be, change->to_be, 4))
		return -EINVAL;
	return bpf_skb_store_bytes(skb, address, &change->to_be, 4, 0);
}

#endif
