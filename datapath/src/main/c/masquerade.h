/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Pods that speak with the outside by the node's address: a port of the node's for each connection,
 * in nat_map for as long as the connection's entry is there.
 *
 * INVARIANT: never a port that a socket of the node answers at for that destination, and never
 * towards a node: what comes from a node's address is believed there.
 */
#ifndef MASQUERADE_H
#define MASQUERADE_H

#include "conntrack.h"

enum {
	NAT_TRIES = 32,
	NAT_SETTLED_NS = 1000000000,
	NAT_PENDING = 0x10000, /* needs a port, and has none yet: nothing passes */
};

static __always_inline bool needs_masquerade(const struct packet *p)
{
	if (!config.nat_ports || p->to_pod || p->to.id || p->to.tunnel_be ||
	    p->to.identity == IDENTITY_HOST || p->to.identity == IDENTITY_UNMANAGED ||
	    p->to.flags & (IPCACHE_NODE | IPCACHE_POD))
		return false;
	return !config.native_mask_be ||
	       (p->tuple.destination.words_be[3] & config.native_mask_be) != config.native_be;
}

VERIFIED_ONCE int socket_answers(struct __sk_buff *skb, const struct packet *p, __u32 port_be)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sock;

	if (!p || p->tuple.protocol == IPPROTO_ICMP)
		return 0;
	tuple.ipv4.saddr = p->tuple.destination.words_be[3];
	tuple.ipv4.sport = p->tuple.destination_port_be;
	tuple.ipv4.daddr = config.node_be;
	tuple.ipv4.dport = port_be;
	if (p->tuple.protocol == IPPROTO_TCP)
		sock = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else
		sock = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return 0;
	bpf_sk_release(sock);
	return 1;
}

/* Whether the connection that has a port is over, which nobody has noticed yet. */
static __always_inline bool is_left(const struct nat_key *key, const struct nat_value *value,
				    __u64 now)
{
	struct tuple tuple = {
	    .source = value->pod,
	    .destination = key->remote,
	    .source_port_be = value->pod_port_be,
	    .destination_port_be = key->remote_port_be,
	    .protocol = key->protocol,
	};
	struct conntrack_key connection_key;
	const struct conntrack *connection;

	if (now - value->claimed_at < NAT_SETTLED_NS)
		return false;
	if (key->protocol == IPPROTO_ICMP) {
		tuple.destination_port_be = value->pod_port_be;
		tuple.icmp_request = ICMP_ECHO;
	}
	make_key(&tuple, &connection_key);
	connection = bpf_map_lookup_elem(&conntrack_map, &connection_key);
	return !connection || connection->expires <= now || (__be16)connection->nat != key->port_be;
}

/* 1 if the port is this packet's connection's from now on. */
VERIFIED_ONCE int claim_port(const struct packet *p, __u32 port_be)
{
	struct nat_value value = {}, *other;
	struct nat_key key = {};

	if (!p)
		return 0;
	key.remote = p->tuple.destination;
	if (p->tuple.protocol != IPPROTO_ICMP)
		key.remote_port_be = p->tuple.destination_port_be;
	key.port_be = port_be;
	key.protocol = p->tuple.protocol;
	value.pod = p->tuple.source;
	value.pod_port_be = p->tuple.source_port_be;
	value.claimed_at = p->now;
	if (!bpf_map_update_elem(&nat_map, &key, &value, BPF_NOEXIST))
		return 1;
	other = bpf_map_lookup_elem(&nat_map, &key);
	if (!other || !is_left(&key, other, p->now))
		return 0;
	bpf_map_delete_elem(&nat_map, &key);
	return !bpf_map_update_elem(&nat_map, &key, &value, BPF_NOEXIST);
}

VERIFIED_ONCE int find_port(struct __sk_buff *skb, struct packet *p)
{
	__u32 lane_ports = config.nat_ports / NAT_LANES;

	if (!p || !lane_ports)
		return DROP_NO_NAT;
	for (__u32 i = 0; i < NAT_TRIES; i++) {
		__u32 lane = (p->from.id * 2 + (i & 1)) % NAT_LANES;
		__u32 port =
		    config.nat_first + lane * lane_ports + bpf_get_prandom_u32() % lane_ports;

		if (!socket_answers(skb, p, bpf_htons(port)) && claim_port(p, bpf_htons(port))) {
			p->nat = bpf_htons(port);
			return 0;
		}
	}
	return DROP_NO_NAT;
}

/* Whether a connection that begins needs a port of the node's, which it has not before
 * give_port: 0, or a drop reason. */
static __always_inline int masquerade(struct packet *p)
{
	if (!needs_masquerade(p))
		return 0;
	if (p->tuple.protocol != IPPROTO_TCP && p->tuple.protocol != IPPROTO_UDP &&
	    p->tuple.icmp_request != ICMP_ECHO)
		return DROP_NAT_PROTOCOL;
	/* From the node's address it might be believed to be from the node. */
	if (p->tuple.protocol == IPPROTO_UDP &&
	    p->tuple.destination_port_be == config.tunnel_port_be)
		return DROP_ENCAPSULATION;
	p->nat = NAT_PENDING;
	return 0;
}

/* The connection's port is in its entry from here on. */
VERIFIED_ONCE int remember_port(const struct packet *p)
{
	struct conntrack *connection;
	struct conntrack_key key;

	if (!p)
		return 0;
	make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!connection || connection->nat != NAT_PENDING)
		return 0;
	connection->nat = p->nat;
	return 0;
}

/* Gives a connection that has none yet a port of the node's: 0, or a drop reason; its next packet
 * tries again. */
VERIFIED_ONCE int give_port(struct __sk_buff *skb, struct packet *p)
{
	int reason;

	if (!p)
		return DROP_NO_NAT;
	reason = find_port(skb, p);
	if (!reason)
		remember_port(p);
	return reason;
}

#endif
