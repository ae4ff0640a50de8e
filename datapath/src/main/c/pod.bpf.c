/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Both directions of a pod's veth, seen from its host's side: from_pod at ingress, to_pod at
 * egress. And from_host, at egress of the device that the pods' addresses are routed to. And
 * from_overlay, at ingress of the overlay's device, and from_network, at that of the node's own.
 * verify_policy and send_traced are attached nowhere: the agent runs them.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "arp.h"
#include "decide.h"
#include "deliver.h"
#include "network.h"
#include "overlay.h"
#include "refused.h"
#include "related.h"
#include "sender.h"
#include "service.h"
#include "trace.h"
#include "verify.h"

/* Who is at the other end decides where a packet goes on; TRANSLATED: it is for another one from
 * here on, which may be a connection that stands. */
VERIFIED_ONCE int decide_from_pod(struct __sk_buff *skb, struct packet *p, __u32 known)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	__u64 revision = current_revision();
	const struct endpoint *self = endpoint_at(id);
	__u32 ref;
	int reason;

	if (!p || !self)
		return TC_ACT_SHOT;
	set_side(&p->from, self, id);
	ref = find_endpoint(p->tuple.destination.words_be[3]);
	if (!ref && !p->service) {
		reason = to_backend(skb, p);
		if (reason == TRANSLATED)
			return TRANSLATED;
		if (reason != NO_SERVICE)
			return drop(skb, p, reason, DIRECTION_EGRESS);
	}
	reason = resolve_found(p, ref, &p->tuple.destination, &p->to, DROP_UNKNOWN_TARGET);
	if (known && !p->to.id)
		keep_believed(p);
	if (!reason && (p->to.id || p->to.tunnel_be) && p->ttl <= 1)
		reason = DROP_TTL;
	if (reason)
		return drop(skb, p, reason, DIRECTION_EGRESS);
	return decide_packet(skb, p, revision, known);
}

static __always_inline int forward_standing(struct __sk_buff *skb, struct packet *p,
					    struct conntrack *connection, __u64 decided,
					    bool source_is_hi, const struct endpoint *peer)
{
	__u32 told;

	if ((peer || connection->tunnel_be) && p->ttl <= 1) {
		set_ends(p, connection, source_is_hi);
		return drop(skb, p, DROP_TTL, DIRECTION_EGRESS);
	}
	bool reply = is_reply(connection, source_is_hi);
	bool service = connection->flags & CONNTRACK_SERVICE;
	if (!reply && (service || p->service) && is_mixed(connection, p))
		return drop_mixed(skb, p);
	told = observe(connection, p, skb->len, reply);
	if (!passes(decided)) {
		if (!reply && connection->flags & CONNTRACK_REFUSED_EGRESS)
			p->refused = connection->drop_reason;
		drop_standing(skb, p, connection, source_is_hi);
		return end_refused(skb, p);
	}
	if (told)
		trace_standing(skb, p, connection, source_is_hi, told);
	tell_question(skb, p);
	if (service && reply && answer_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	if (peer)
		return deliver_to_endpoint(skb, p, peer);
	if (service && reply)
		return deliver_to_network(skb, p);
	if (connection->tunnel_be)
		return deliver_to_overlay(
		    skb, p, source_is_hi ? connection->hi_identity : connection->lo_identity,
		    connection->tunnel_be);
	if (connection->nat)
		return deliver_outside(skb, p, connection->nat);
	return deliver_to_stack(skb, p);
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	struct packet *p = begin_packet();
	struct conntrack_key key;
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	const struct endpoint *self = endpoint_at(id), *peer;
	struct conntrack *connection;
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	if (skb->mark) {
		if ((skb->mark & ~(TRACED_NUMBERS - 1)) == TRACED_MARK)
			return trace_from_pod(skb, p);
		skb->mark = 0;
	}
	if (!self || self->ifindex != skb->ifindex)
		return drop(skb, p, DROP_NOT_READY, DIRECTION_EGRESS);
	p->from.id = id;
	p->from.identity = self->identity;
	reason = check_sender(skb, p, self);
	if (reason == DROP_UNSUPPORTED_L2 && p->detail == DETAIL_ARP)
		return answer_arp(skb, p, self);
	if (reason)
		return drop(skb, p, reason, DIRECTION_EGRESS);
	if (config.report_received)
		trace_received(skb, p, TRACE_FROM_ENDPOINT);
	p->now = bpf_ktime_get_coarse_ns();
	if (is_icmp_error(p))
		return forward_error(skb, p);
	/* What calls a service is looked at again as what it has become. */
	for (int i = 0; i < 2; i++) {
		bool source_is_hi = make_key(&p->tuple, &key);

		connection = bpf_map_lookup_elem(&conntrack_map, &key);
		if (connection && connection->expires > p->now) {
			__u64 decided = *(volatile __u64 *)&connection->decided;

			if (stands(connection, decided, source_is_hi, id, self, &peer) &&
			    !begins_anew(connection, p, is_reply(connection, source_is_hi)))
				return forward_standing(skb, p, connection, decided, source_is_hi,
							peer);
		}
		reason = decide_from_pod(skb, p, connection != NULL);
		if (reason != TRANSLATED)
			break;
	}
	if (reason != TC_ACT_OK)
		return end_refused(skb, p);
	tell_question(skb, p);
	if (p->answers && answer_decided(skb, p))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_EGRESS);
	if (!p->to.id && p->answers)
		return deliver_to_network(skb, p);
	if (!p->to.id && p->nat)
		return deliver_outside(skb, p, p->nat);
	if (!p->to.id)
		return p->to.tunnel_be
			   ? deliver_to_overlay(skb, p, p->from.identity, p->to.tunnel_be)
			   : deliver_to_stack(skb, p);
	peer = endpoint_at(p->to.id);
	if (!peer)
		return drop(skb, p, DROP_NO_ENDPOINT, DIRECTION_EGRESS);
	return deliver_to_endpoint(skb, p, peer);
}

/*
 * What comes out of the stack may claim any source. The node's own address is believed of what
 * was made here, an endpoint's of what from_pod, which checks it, gave to the stack, and that of
 * who is behind another node never: such packets come through the overlay.
 */
static __always_inline int check_origin(struct __sk_buff *skb, struct packet *p, __u32 endpoint,
					bool host, __be32 tunnel_be)
{
	if (tunnel_be)
		return refuse(p, DROP_SOURCE_IP, DETAIL_CLAIMS_POD);
	if (endpoint && skb->ingress_ifindex != config.host_ifindex)
		return refuse(p, DROP_SOURCE_IP, DETAIL_CLAIMS_ENDPOINT);
	if (host && skb->ingress_ifindex)
		return refuse(p, DROP_SOURCE_IP, DETAIL_CLAIMS_HOST);
	return 0;
}

static __always_inline int check_arrival(struct __sk_buff *skb, struct packet *p,
					 const struct endpoint *self)
{
	struct ethhdr *ethernet;
	int reason;

	make_linear(skb, HEADERS_COMMON);
	ethernet = data_of(skb);
	if ((void *)(ethernet + 1) > end_of(skb))
		return refuse(p, DROP_INVALID_PACKET, DETAIL_TRUNCATED);
	reason = parse_ether_type(skb, p, ethernet->h_proto);
	if (!reason)
		reason = parse_ipv4(skb, p);
	if (reason)
		return reason;
	if (p->tuple.destination.words_be[3] != self->address4.words_be[3])
		return DROP_UNROUTABLE;
	return 0;
}

VERIFIED_ONCE int decide_to_pod(struct __sk_buff *skb, struct packet *p, __u32 known)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	__u64 revision = current_revision();
	const struct endpoint *self = endpoint_at(id);
	int reason;

	if (!p || !self)
		return TC_ACT_SHOT;
	set_side(&p->to, self, id);
	reason = resolve(p, &p->tuple.source, &p->from, DROP_UNKNOWN_SENDER);
	if (!reason)
		reason = check_origin(skb, p, p->from.id, p->from.identity == IDENTITY_HOST,
				      p->from.id ? 0 : p->from.tunnel_be);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	return decide_packet(skb, p, revision, known);
}

static __always_inline int admit_standing(struct __sk_buff *skb, struct packet *p,
					  struct conntrack *connection, __u64 decided,
					  bool source_is_hi, const struct endpoint *self)
{
	__u32 endpoint = source_is_hi ? connection->hi_endpoint : connection->lo_endpoint;
	int reason = check_origin(skb, p, endpoint, connection->flags & CONNTRACK_HOST,
				  connection->tunnel_be);
	__u32 told;

	if (reason) {
		set_ends(p, connection, source_is_hi);
		return drop(skb, p, reason, DIRECTION_INGRESS);
	}
	told = observe(connection, p, skb->len, is_reply(connection, source_is_hi));
	if (!passes(decided))
		return drop_standing(skb, p, connection, source_is_hi);
	if (told)
		trace_standing(skb, p, connection, source_is_hi, told);
	if (answers_service(connection, source_is_hi) && answer_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_here(skb, p, self);
}

SEC("tc")
int to_pod(struct __sk_buff *skb)
{
	struct packet *p = begin_packet();
	struct conntrack_key key;
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	const struct endpoint *self = endpoint_at(id), *peer;
	struct conntrack *connection;
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	p->to_pod = true;
	if (!self || self->ifindex != skb->ifindex)
		return drop(skb, p, DROP_NOT_READY, DIRECTION_INGRESS);
	p->to.id = id;
	p->to.identity = self->identity;
	reason = check_arrival(skb, p, self);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	p->now = bpf_ktime_get_coarse_ns();
	if (is_icmp_error(p))
		return admit_error(skb, p);
	bool source_is_hi = make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (connection && connection->expires > p->now) {
		__u64 decided = *(volatile __u64 *)&connection->decided;

		if (stands(connection, decided, !source_is_hi, id, self, &peer) &&
		    !begins_anew(connection, p, is_reply(connection, source_is_hi)))
			return admit_standing(skb, p, connection, decided, source_is_hi, self);
	}
	if (decide_to_pod(skb, p, connection != NULL) != TC_ACT_OK)
		return TC_ACT_SHOT;
	if (p->answers && answer_decided(skb, p))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_here(skb, p, self);
}

/* Finds the pod's interface, no more: to_pod judges there, and makes a frame of it that the pod
 * takes. */
SEC("tc")
int from_host(struct __sk_buff *skb)
{
	struct packet *p = begin_packet();
	struct ethhdr *ethernet;
	const struct endpoint *to = NULL;
	struct iphdr *ip;
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	p->to_pod = true;
	make_linear(skb, HEADERS_COMMON);
	ethernet = data_of(skb);
	ip = (void *)(ethernet + 1);
	if ((void *)(ethernet + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	reason = parse_ether_type(skb, p, ethernet->h_proto);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	if ((void *)(ip + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	set_mapped(&p->tuple.source, ip->saddr);
	set_mapped(&p->tuple.destination, ip->daddr);
	p->tuple.protocol = ip->protocol;
	p->parsed |= EVENT_HAS_L3;
	__builtin_memset(ethernet->h_dest, 0, ETH_ALEN);
	reason = resolve(p, &p->tuple.destination, &p->to, DROP_NO_ENDPOINT);
	if (!reason && p->to.id)
		to = endpoint_at(p->to.id);
	else if (!reason && p->to.tunnel_be)
		return host_to_overlay(skb, p);
	if (!to)
		return drop(skb, p, DROP_NO_ENDPOINT, DIRECTION_INGRESS);
	return bpf_redirect(to->ifindex, 0);
}

/* What is in no map has to be named for its layout, and constants, to be in this object's BTF. */
union layouts {
	struct connection_event event;
	struct dns_message dns_message;
	enum dns_constants dns_constants;
	enum ipcache_flags ipcache_flags;
	enum limits limits;
	enum nat_constants nat_constants;
	enum endpoint_flags endpoint_flags;
	enum policy_constants policy_constants;
	struct policy_question policy_question;
	enum policy_questions policy_questions;
	enum verdict verdict;
	enum conntrack_flags conntrack_flags;
	enum conntrack_state conntrack_state;
	enum disagreement disagreement;
	enum drop_detail drop_detail;
	enum event_kind event_kind;
	enum event_flags event_flags;
	enum observation observation;
	enum report report;
	enum backend_flags backend_flags;
	enum service_flags service_flags;
	enum service_scope service_scope;
	enum trace_reason trace_reason;
	enum trace_constants trace_constants;
	enum trace_place trace_place;
	enum trace_end trace_end;
};
const union layouts *layouts __attribute__((unused));

char license_name[] SEC("license") = "Dual BSD/GPL";
