/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From bytes to a struct packet. Each function returns 0 or a drop reason. */
#ifndef PARSE_H
#define PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "maps.h"
#include "packet.h"

enum {
	HEADERS_COMMON = ETH_HLEN + 20 + 20,
	/* With IP options, and inside of an ICMP error the same again. */
	HEADERS_MAX = ETH_HLEN + 60 + 8 + 60 + 8,
	IP_HEADER_MIN = 20,
	FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
	FRAGMENT_OFFSET = 0x1fff,
	FRAGMENT_KEPT_WHOLE = 0x4000, /* not to be made into parts */
	/* In units of eight bytes. What begins before could take the place of a header that was
	 * judged (RFC 1858, RFC 3128). */
	FRAGMENT_OFFSET_LEAST = 3,
	SCTP_HEADER_LENGTH = 12,
	TCP_FLAGS_OFFSET = 13,
};

/* linux/icmp.h needs a libc that eBPF has none of. */
enum icmp_type {
	ICMP_ECHOREPLY = 0,
	ICMP_DEST_UNREACH = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETERPROB = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMPREPLY = 14,
};

struct icmphdr {
	__u8 type;
	__u8 code;
	__be16 checksum_be;
	__be16 identifier_be; /* of queries */
	__be16 sequence_be;
};

struct ports {
	__be16 source_be;
	__be16 destination_be;
};

static __always_inline void *data_of(const struct __sk_buff *skb)
{
	return (void *)(long)skb->data;
}

static __always_inline void *end_of(const struct __sk_buff *skb)
{
	return (void *)(long)skb->data_end;
}

/* Brings headers out of pages. Voids every pointer into the packet. */
static __always_inline void make_linear(struct __sk_buff *skb, __u32 needed)
{
	__u32 linear = (long)skb->data_end - (long)skb->data;

	if (linear >= needed || linear >= skb->len)
		return;
	/* Where it fails the next check of a bound does too. */
	bpf_skb_pull_data(skb, skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX);
}

static __always_inline __u32 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

VERIFIED_ONCE int checksum_with_options(struct __sk_buff *skb, __u32 header_length)
{
	__u32 *word = data_of(skb) + ETH_HLEN;
	void *end = end_of(skb);
	__u64 sum = 0;

	for (__u32 i = 0; i < 15; i++) {
		if (i * 4 >= header_length)
			break;
		if ((void *)(word + 1) > end)
			return 0;
		sum += *word++;
	}
	return fold(sum);
}

/* INVARIANT: the header is in bounds. */
static __always_inline bool checksum_holds(struct __sk_buff *skb, const struct iphdr *ip,
					   __u32 header_length)
{
	const __u32 *words = (const __u32 *)ip;

	if (header_length > IP_HEADER_MIN)
		return checksum_with_options(skb, header_length) == 0xffff;
	return fold((__u64)words[0] + words[1] + words[2] + words[3] + words[4]) == 0xffff;
}

static __always_inline void set_mapped(union address *address, __be32 ipv4)
{
	address->halves[0] = 0;
	address->words_be[2] = bpf_htonl(0xffff);
	address->words_be[3] = ipv4;
}

static __always_inline int parse_tcp(struct packet *p, void *l4, void *end, __u32 length)
{
	struct tcphdr *tcp = l4;

	if ((void *)(tcp + 1) > end || length < sizeof(*tcp))
		return refuse(p, DROP_INVALID_L4, DETAIL_TRUNCATED);
	if (tcp->doff * 4 < (int)sizeof(*tcp) || tcp->doff * 4U > length)
		return refuse(p, DROP_INVALID_L4, DETAIL_TCP_HEADER_LENGTH);
	p->tuple.source_port_be = tcp->source;
	p->tuple.destination_port_be = tcp->dest;
	p->tcp_flags = ((__u8 *)l4)[TCP_FLAGS_OFFSET];
	p->parsed |= EVENT_HAS_PORTS;
	return 0;
}

static __always_inline int parse_udp(struct packet *p, void *l4, void *end, __u32 length)
{
	struct udphdr *udp = l4;

	if ((void *)(udp + 1) > end || length < sizeof(*udp))
		return refuse(p, DROP_INVALID_L4, DETAIL_TRUNCATED);
	if (bpf_ntohs(udp->len) < sizeof(*udp) ||
	    (bpf_ntohs(udp->len) > length && !p->tuple.fragment))
		return refuse(p, DROP_INVALID_L4, DETAIL_UDP_LENGTH);
	p->tuple.source_port_be = udp->source;
	p->tuple.destination_port_be = udp->dest;
	p->parsed |= EVENT_HAS_PORTS;
	return 0;
}

static __always_inline int parse_sctp(struct packet *p, void *l4, void *end, __u32 length)
{
	struct ports *ports = l4;

	if (l4 + SCTP_HEADER_LENGTH > end || length < SCTP_HEADER_LENGTH)
		return refuse(p, DROP_INVALID_L4, DETAIL_TRUNCATED);
	p->tuple.source_port_be = ports->source_be;
	p->tuple.destination_port_be = ports->destination_be;
	p->parsed |= EVENT_HAS_PORTS;
	return 0;
}

/* Echo and timestamp have an identifier by which answers are told. */
static __always_inline void set_icmp_query(struct tuple *tuple, __u8 type, __be16 identifier)
{
	tuple->icmp_answer = type == ICMP_ECHOREPLY || type == ICMP_TIMESTAMPREPLY;
	if (type == ICMP_ECHO || type == ICMP_ECHOREPLY)
		tuple->icmp_request = ICMP_ECHO;
	if (type == ICMP_TIMESTAMP || type == ICMP_TIMESTAMPREPLY)
		tuple->icmp_request = ICMP_TIMESTAMP;
	if (!tuple->icmp_request)
		return;
	tuple->source_port_be = identifier;
	tuple->destination_port_be = identifier;
}

static __always_inline bool is_icmp_error(const struct packet *p)
{
	return p->tuple.protocol == IPPROTO_ICMP && !p->tuple.icmp_request;
}

static __always_inline int parse_icmp(struct packet *p, void *l4, void *end, __u32 length)
{
	struct icmphdr *icmp = l4;

	if ((void *)(icmp + 1) > end || length < sizeof(*icmp))
		return refuse(p, DROP_INVALID_L4, DETAIL_TRUNCATED);
	p->icmp_type = icmp->type;
	p->icmp_code = icmp->code;
	p->parsed |= EVENT_HAS_PORTS;
	set_icmp_query(&p->tuple, icmp->type, icmp->identifier_be);
	if (p->tuple.icmp_request || icmp->type == ICMP_DEST_UNREACH ||
	    icmp->type == ICMP_TIME_EXCEEDED || icmp->type == ICMP_PARAMETERPROB)
		return 0;
	return DROP_ICMP_TYPE;
}

static __always_inline int parse_l4(struct packet *p, void *l4, void *end, __u32 length)
{
	if (p->tuple.protocol == IPPROTO_TCP)
		return parse_tcp(p, l4, end, length);
	if (p->tuple.protocol == IPPROTO_UDP)
		return parse_udp(p, l4, end, length);
	if (p->tuple.protocol == IPPROTO_ICMP)
		return parse_icmp(p, l4, end, length);
	if (p->tuple.protocol == IPPROTO_SCTP)
		return parse_sctp(p, l4, end, length);
	return DROP_UNKNOWN_L4;
}

static __always_inline void set_fragment_key(struct fragment_key *key, const struct __sk_buff *skb,
					     const struct packet *p, __be16 id_be)
{
	key->source_be = p->tuple.source.words_be[3];
	key->destination_be = p->tuple.destination.words_be[3];
	key->ifindex = skb->ifindex;
	key->id_be = id_be;
	key->protocol = p->tuple.protocol;
}

/* The first part of a datagram, whose header was parsed. Where there is no room the rest drops. */
VERIFIED_ONCE int remember_fragment(struct __sk_buff *skb, struct packet *p, __u32 id_be)
{
	struct fragment_key key = {};
	struct fragment value = {};

	if (!p)
		return DROP_INVALID_PACKET;
	set_fragment_key(&key, skb, p, id_be);
	value.source_port_be = p->tuple.source_port_be;
	value.destination_port_be = p->tuple.destination_port_be;
	value.icmp_type = p->icmp_type;
	value.icmp_code = p->icmp_code;
	bpf_map_update_elem(&fragment_map, &key, &value, BPF_ANY);
	return 0;
}

VERIFIED_ONCE int follow_fragment(struct __sk_buff *skb, struct packet *p, __u32 id_be)
{
	struct fragment_key key = {};
	const struct fragment *first;

	if (!p)
		return DROP_INVALID_PACKET;
	set_fragment_key(&key, skb, p, id_be);
	first = bpf_map_lookup_elem(&fragment_map, &key);
	if (!first)
		return DROP_FRAGMENT_UNKNOWN;
	p->tuple.source_port_be = first->source_port_be;
	p->tuple.destination_port_be = first->destination_port_be;
	p->icmp_type = first->icmp_type;
	p->icmp_code = first->icmp_code;
	p->parsed |= EVENT_HAS_PORTS;
	if (p->tuple.protocol == IPPROTO_ICMP) {
		set_icmp_query(&p->tuple, first->icmp_type, first->source_port_be);
		/* An error is short, and what it is about isn't in its later parts. */
		if (!p->tuple.icmp_request)
			return DROP_FRAGMENT;
	}
	return 0;
}

/* Nothing but IPv4, and ARP where the caller knows what to do with it. */
static __always_inline int parse_ether_type(struct __sk_buff *skb, struct packet *p, __be16 type)
{
	if (skb->vlan_present || type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD))
		return DROP_VLAN;
	if (type == bpf_htons(ETH_P_IP))
		return 0;
	if (type == bpf_htons(ETH_P_IPV6)) {
		p->parsed |= EVENT_IPV6;
		return refuse(p, DROP_UNSUPPORTED_L3, DETAIL_IPV6);
	}
	if (type == bpf_htons(ETH_P_ARP))
		return refuse(p, DROP_UNSUPPORTED_L2, DETAIL_ARP);
	return refuse(p, DROP_UNSUPPORTED_L2, DETAIL_ETHER_TYPE);
}

VERIFIED_ONCE int parse_ipv4(struct __sk_buff *skb, struct packet *p)
{
	if (!p)
		return DROP_INVALID_PACKET;
	void *data = data_of(skb), *end = end_of(skb);
	struct iphdr *ip = data + ETH_HLEN;
	__u32 header_length, total;
	int reason;

	if ((void *)(ip + 1) > end)
		return refuse(p, DROP_INVALID_PACKET, DETAIL_TRUNCATED);
	if (ip->version != 4)
		return refuse(p, DROP_INVALID_PACKET, DETAIL_IP_VERSION);
	header_length = ip->ihl * 4;
	if (header_length < IP_HEADER_MIN)
		return refuse(p, DROP_INVALID_PACKET, DETAIL_IP_HEADER_LENGTH);
	total = bpf_ntohs(ip->tot_len);
	if (!total && skb->gso_size) /* more than 64 KiB still in one piece */
		total = skb->len - ETH_HLEN;
	if (total < header_length || total + ETH_HLEN > skb->len)
		return refuse(p, DROP_INVALID_PACKET, DETAIL_IP_TOTAL_LENGTH);
	set_mapped(&p->tuple.source, ip->saddr);
	set_mapped(&p->tuple.destination, ip->daddr);
	p->tuple.protocol = ip->protocol;
	p->ttl = ip->ttl;
	p->parsed |= EVENT_HAS_L3;
	p->ip_header_length = header_length;
	__u32 fragment = bpf_ntohs(ip->frag_off) & FRAGMENT_BITS;
	__be16 id_be = ip->id;
	if (header_length > IP_HEADER_MIN || p->tuple.protocol == IPPROTO_ICMP) {
		make_linear(skb, HEADERS_MAX);
		data = data_of(skb);
		end = end_of(skb);
		ip = data + ETH_HLEN;
		if ((void *)(ip + 1) > end)
			return refuse(p, DROP_INVALID_PACKET, DETAIL_TRUNCATED);
	}
	if (!p->to_pod && !checksum_holds(skb, ip, header_length))
		return refuse(p, DROP_INVALID_PACKET, DETAIL_IP_CHECKSUM);
	p->tuple.fragment = fragment != 0;
	if (fragment & FRAGMENT_OFFSET) {
		if ((fragment & FRAGMENT_OFFSET) < FRAGMENT_OFFSET_LEAST)
			return DROP_FRAGMENT;
		return follow_fragment(skb, p, id_be);
	}
	header_length &= 0x3c; /* for the verifier */
	reason = parse_l4(p, (void *)ip + header_length, end, total - header_length);
	return reason || !fragment ? reason : remember_fragment(skb, p, id_be);
}

static __always_inline int parse_inner_l4(struct tuple *inner, void *l4, void *end)
{
	struct icmphdr *icmp = l4;
	struct ports *ports = l4;

	/* A router returns eight bytes of the header at least. */
	if ((void *)(icmp + 1) > end)
		return DROP_INVALID_L4;
	if (inner->protocol == IPPROTO_ICMP) {
		set_icmp_query(inner, icmp->type, icmp->identifier_be);
		return inner->icmp_request ? 0 : DROP_INVALID_L4;
	}
	if (inner->protocol != IPPROTO_TCP && inner->protocol != IPPROTO_UDP &&
	    inner->protocol != IPPROTO_SCTP)
		return DROP_INVALID_L4;
	inner->source_port_be = ports->source_be;
	inner->destination_port_be = ports->destination_be;
	return 0;
}

/* The packet that an ICMP error is about. INVARIANT: headers are linear. */
static __always_inline int parse_inner(struct __sk_buff *skb, __u32 header_length,
				       struct tuple *inner)
{
	void *end = end_of(skb);
	struct iphdr *ip =
	    data_of(skb) + ETH_HLEN + (header_length & 0x3c) + sizeof(struct icmphdr);
	__u32 inner_length;

	if ((void *)(ip + 1) > end)
		return DROP_INVALID_L4;
	inner_length = ip->ihl * 4;
	if (ip->version != 4 || inner_length < IP_HEADER_MIN)
		return DROP_INVALID_L4;
	if (ip->frag_off & bpf_htons(FRAGMENT_OFFSET))
		return DROP_INVALID_L4;
	set_mapped(&inner->source, ip->saddr);
	set_mapped(&inner->destination, ip->daddr);
	inner->protocol = ip->protocol;
	return parse_inner_l4(inner, (void *)ip + inner_length, end);
}

#endif
