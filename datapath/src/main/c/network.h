/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The device towards other machines: answers to masqueraded pods, what is for a pod by its own
 * address, and questions for announced addresses. Everything else is the stack's, and so is what is
 * too big for the pod's device, which the stack says to who sent it.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include "announce.h"
#include "decide.h"
#include "deliver.h"
#include "outside.h"
#include "related.h"
#include "rewrite.h"

/* What a pod sends to the outside, as if this node did. */
VERIFIED_ONCE int deliver_masqueraded(struct __sk_buff *skb, struct packet *p, __u32 nat)
{
	struct rewrite change = {};
	struct iphdr *ip;

	if (!p)
		return TC_ACT_SHOT;
	if (p->ttl <= 1)
		return drop(skb, p, DROP_TTL, DIRECTION_EGRESS);
	change.from_be = p->tuple.source.words_be[3];
	change.to_be = config.node_be;
	change.from_port_be = p->tuple.source_port_be;
	change.to_port_be = nat;
	change.protocol = p->tuple.protocol;
	if (rewrite_end(skb, &change, ETH_HLEN + p->ip_header_length))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	ip = data_of(skb) + ETH_HLEN;
	if ((void *)(ip + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	decrement_ttl(ip);
	return bpf_redirect_neigh(config.network_ifindex, NULL, 0, 0);
}

/* The same, with a port of the node's if the connection has none yet. */
static __always_inline int deliver_outside(struct __sk_buff *skb, struct packet *p, __u32 nat)
{
	int reason;

	if (nat == NAT_PENDING) {
		reason = give_port(skb, p);
		if (reason)
			return drop(skb, p, reason, DIRECTION_EGRESS);
		nat = p->nat;
	}
	return deliver_masqueraded(skb, p, nat);
}

/* Finds out whose an answer to one of the node's ports is. */
static __always_inline const struct nat_value *find_nat(__be32 remote_be, __be16 remote_port_be,
							__be16 port_be, __u8 protocol)
{
	struct nat_key key = {
	    .remote_port_be = remote_port_be,
	    .port_be = port_be,
	    .protocol = protocol,
	};

	if (bpf_ntohs(port_be) - (__u32)config.nat_first >= config.nat_ports)
		return NULL;
	set_mapped(&key.remote, remote_be);
	return bpf_map_lookup_elem(&nat_map, &key);
}

/* An answer's destination becomes the pod's: the node's port that it came to, or 0: it is none. */
static __always_inline int unmask_answer(struct __sk_buff *skb, struct iphdr *ip, void *l4,
					 __u32 l4_offset)
{
	struct rewrite change = {.protocol = ip->protocol, .destination = 1};
	const struct nat_value *value;
	struct ports *ports = l4;
	struct icmphdr *icmp = l4;

	if (ip->protocol == IPPROTO_ICMP) {
		change.from_port_be = icmp->identifier_be;
		value = find_nat(ip->saddr, 0, icmp->identifier_be, IPPROTO_ICMP);
	} else {
		change.from_port_be = ports->destination_be;
		value = find_nat(ip->saddr, ports->source_be, ports->destination_be, ip->protocol);
	}
	if (!value)
		return 0;
	change.from_be = ip->daddr;
	change.to_be = value->pod.words_be[3];
	change.to_port_be = value->pod_port_be;
	return rewrite_end(skb, &change, l4_offset) ? 0 : change.from_port_be;
}

/*
 * An ICMP error about what a masqueraded pod sent: the packet inside is the pod's again, and the
 * error for the pod. The inner address and the inner header's checksum even each other out in
 * ICMP's checksum, which so changes by the port alone.
 */
static __always_inline int unmask_error(struct __sk_buff *skb, struct iphdr *ip, __u32 l4_offset)
{
	struct iphdr *inner = data_of(skb) + l4_offset + sizeof(struct icmphdr);
	struct ports *ports = (void *)(inner + 1);
	struct icmphdr *icmp = (void *)ports;
	const struct nat_value *value;
	__be16 port_be, pod_port_be;
	__be32 node_be, pod_be;
	__u32 port_offset;

	if ((void *)(icmp + 1) > end_of(skb) || inner->ihl != 5 || inner->saddr != ip->daddr ||
	    inner->frag_off & bpf_htons(FRAGMENT_OFFSET))
		return 0;
	port_offset = l4_offset + sizeof(struct icmphdr) + sizeof(*inner);
	if (inner->protocol == IPPROTO_ICMP) {
		port_offset += ICMP_IDENTIFIER_OFFSET;
		port_be = icmp->identifier_be;
		value = find_nat(inner->daddr, 0, port_be, IPPROTO_ICMP);
	} else {
		port_be = ports->source_be;
		value = find_nat(inner->daddr, ports->destination_be, port_be, inner->protocol);
	}
	if (!value)
		return 0;
	node_be = inner->saddr;
	pod_be = value->pod.words_be[3];
	pod_port_be = value->pod_port_be;
	__u32 inner_offset = l4_offset + sizeof(struct icmphdr);
	if (bpf_l4_csum_replace(skb, l4_offset + ICMP_CHECK_OFFSET, port_be, pod_port_be, 2) ||
	    bpf_skb_store_bytes(skb, port_offset, &pod_port_be, 2, 0) ||
	    bpf_l3_csum_replace(skb, inner_offset + IP_CHECK_OFFSET, node_be, pod_be, 4) ||
	    bpf_skb_store_bytes(skb, inner_offset + IP_SOURCE_OFFSET, &pod_be, 4, 0) ||
	    bpf_l3_csum_replace(skb, ETH_HLEN + IP_CHECK_OFFSET, node_be, pod_be, 4) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + IP_DESTINATION_OFFSET, &pod_be, 4, 0))
		return 0;
	return port_be;
}

/* The node's port that an answer came to, which is for the pod from here on; 0: it is none. */
VERIFIED_ONCE int unmask(struct __sk_buff *skb)
{
	struct icmphdr *icmp;
	struct iphdr *ip;
	__u32 l4_offset;

	make_linear(skb, HEADERS_MAX);
	ip = data_of(skb) + ETH_HLEN;
	if ((void *)(ip + 1) > end_of(skb) || ip->frag_off & bpf_htons(FRAGMENT_BITS))
		return 0;
	l4_offset = ETH_HLEN + (ip->ihl * 4 & 0x3c);
	if (l4_offset < ETH_HLEN + IP_HEADER_MIN)
		return 0;
	icmp = data_of(skb) + l4_offset;
	if ((void *)(icmp + 1) > end_of(skb))
		return 0;
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP)
		return unmask_answer(skb, ip, icmp, l4_offset);
	if (ip->protocol != IPPROTO_ICMP)
		return 0;
	if (icmp->type == ICMP_ECHOREPLY)
		return unmask_answer(skb, ip, icmp, l4_offset);
	if (icmp->type == ICMP_DEST_UNREACH || icmp->type == ICMP_TIME_EXCEEDED)
		return unmask_error(skb, ip, l4_offset);
	return 0;
}

VERIFIED_ONCE int decide_from_network(struct __sk_buff *skb, struct packet *p, __u32 id)
{
	__u64 revision = current_revision();
	const struct endpoint *self = endpoint_at(id);
	int reason;

	if (!p || !self)
		return TC_ACT_SHOT;
	set_side(&p->to, self, id);
	reason = check_outsider(p);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	return decide_packet(skb, p, revision, true);
}

VERIFIED_ONCE int admit_network_error(struct __sk_buff *skb, struct packet *p, __u32 id)
{
	const struct endpoint *self = endpoint_at(id), *peer = NULL;
	const struct conntrack *connection;

	if (!p || !self)
		return TC_ACT_SHOT;
	connection = related_connection(skb, p, self, id, &peer);
	if (!connection || peer || (__u16)connection->nat != (__u16)p->nat)
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	if (connection->tunnel_be) {
		p->detail = DETAIL_CLAIMS_POD;
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_INGRESS);
	}
	if (p->ttl <= 1)
		return drop(skb, p, DROP_TTL, DIRECTION_INGRESS);
	trace(skb, p, TRACE_RELATED);
	if (p->answers && error_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_endpoint(skb, p, self);
}

static __always_inline int admit_network_standing(struct __sk_buff *skb, struct packet *p,
						  struct conntrack *connection, __u64 decided,
						  bool source_is_hi, const struct endpoint *self)
{
	__u32 told;

	if (connection->flags & CONNTRACK_HOST || connection->tunnel_be) {
		set_ends(p, connection, source_is_hi);
		p->detail = connection->tunnel_be ? DETAIL_CLAIMS_POD : DETAIL_CLAIMS_HOST;
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_INGRESS);
	}
	if (!is_reply(connection, source_is_hi) && is_mixed(connection, p))
		return drop_mixed(skb, p);
	told = observe(connection, p, skb->len, is_reply(connection, source_is_hi));
	if (!passes(decided))
		return drop_standing(skb, p, connection, source_is_hi);
	if (told)
		trace_standing(skb, p, connection, source_is_hi, told);
	if (answers_service(connection, source_is_hi) && answer_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_endpoint(skb, p, self);
}

/* To a pod of this node, whose packet it is by now. `nat`: the node's port that it came to. */
static __always_inline int to_local_pod(struct __sk_buff *skb, struct packet *p, __u32 id,
					__u32 nat)
{
	const struct endpoint *self = endpoint_at(id), *peer;
	struct conntrack *connection;
	struct conntrack_key key;
	int reason;

	if (!self)
		return drop(skb, p, DROP_NO_ENDPOINT, DIRECTION_INGRESS);
	p->to.id = id;
	p->to.identity = self->identity;
	reason = parse_ipv4(skb, p);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	p->to_pod = true;
	if (config.report_received)
		trace_received(skb, p, TRACE_FROM_NETWORK);
	p->now = bpf_ktime_get_coarse_ns();
	p->nat = nat;
	if (is_icmp_error(p))
		return admit_network_error(skb, p, id);
	if (p->ttl <= 1)
		return drop(skb, p, DROP_TTL, DIRECTION_INGRESS);
	bool source_is_hi = make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	bool reply = connection && is_reply(connection, source_is_hi);
	/* To the node's port only answers come, and to the pod's own address none of those. */
	if ((nat || (reply && connection->expires > p->now)) &&
	    (!connection || !reply || (__u16)connection->nat != (__u16)nat))
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	if (nat && begins_anew(connection, p, reply))
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	p->nat = 0;
	if (connection && connection->expires > p->now) {
		__u64 decided = *(volatile __u64 *)&connection->decided;

		if (stands(connection, decided, !source_is_hi, id, self, &peer) && !peer &&
		    !begins_anew(connection, p, reply))
			return admit_network_standing(skb, p, connection, decided, source_is_hi,
						      self);
	}
	if (decide_from_network(skb, p, id) != TC_ACT_OK)
		return TC_ACT_SHOT;
	if (p->answers && answer_decided(skb, p))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_endpoint(skb, p, self);
}

SEC("tc")
int from_network(struct __sk_buff *skb)
{
	struct packet *p = begin_packet();
	struct ethhdr *ethernet;
	struct iphdr *ip;
	__u32 ref, nat = 0;

	if (!p)
		return TC_ACT_SHOT;
	if (skb->vlan_present)
		return NOT_OURS;
	if (skb->protocol == bpf_htons(ETH_P_ARP))
		return answer_announced(skb);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return NOT_OURS;
	make_linear(skb, HEADERS_COMMON);
	ethernet = data_of(skb);
	ip = (void *)(ethernet + 1);
	if ((void *)(ip + 1) > end_of(skb))
		return NOT_OURS;
	bool to_node = ip->daddr == config.node_be;
	if (to_node && config.nat_ports)
		nat = (__u16)unmask(skb);
	ip = data_of(skb) + ETH_HLEN;
	if ((void *)(ip + 1) > end_of(skb))
		return TC_ACT_SHOT;
	ref = to_node && !nat ? 0 : find_endpoint(ip->daddr);
	if (!ref && nat)
		return answer_outside(skb, p, nat, 0);
	if (!ref) {
		int action = serve_outside(skb, p);

		if (action == FOR_ANOTHER)
			return pass_on(skb, p);
		if (action != TRANSLATED)
			return action;
		ref = find_endpoint(p->tuple.destination.words_be[3]);
	}
	const struct endpoint *self = endpoint_at(ref & 0xffff);
	__u32 mtu = 0;
	if (!self || self->generation != ref >> 16)
		return nat ? drop(skb, p, DROP_NO_ENDPOINT, DIRECTION_INGRESS) : NOT_OURS;
	if (!nat && !p->service && bpf_check_mtu(skb, self->ifindex, &mtu, 0, 0))
		return NOT_OURS;
	return to_local_pod(skb, p, ref & 0xffff, nat);
}

#endif
