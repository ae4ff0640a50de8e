/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A packet that no standing verdict covers: the slow way. */
#ifndef DECIDE_H
#define DECIDE_H

#include "conntrack.h"
#include "resolve.h"

/* The direction that a packet has for the endpoint that the program runs for. */
static __always_inline __u32 direction_of(const struct packet *p)
{
	return p->to_pod ? DIRECTION_INGRESS : DIRECTION_EGRESS;
}

static __always_inline int begin_connection(struct __sk_buff *skb, struct packet *p,
					    const struct conntrack_key *key,
					    const struct decision *decision, __u64 revision,
					    bool source_is_hi)
{
	int slot, reason;

	report_decision(skb, p, decision);
	if (reason_of(decision))
		return drop_refused(skb, p, decision);
	slot = find_slot(p->now);
	if (slot < 0)
		return drop(skb, p, DROP_CONNTRACK_FULL, direction_of(p));
	reason = add_connection(p, key, decision, revision, slot << 1 | source_is_hi);
	if (reason)
		return drop(skb, p, reason, direction_of(p));
	p->rule = decision->ingress.verdict ? decision->ingress.rule : decision->egress.rule;
	trace(skb, p, TRACE_NEW);
	return TC_ACT_OK;
}

static __always_inline int continue_connection(struct __sk_buff *skb, struct packet *p,
					       const struct conntrack_key *key,
					       const struct conntrack *old,
					       const struct decision *decision, __u64 revision,
					       bool source_is_hi)
{
	__u8 before = old->decided;

	redecide_connection(p, key, old, decision, revision << 1 | source_is_hi);
	if (before != verdict_of(decision))
		report_decision(skb, p, decision);
	if (reason_of(decision))
		return drop_refused(skb, p, decision);
	return TC_ACT_OK;
}

/*
 * Judges a packet by today's tables: TC_ACT_OK, or TC_ACT_SHOT with everything said. A connection
 * with the same ends is decided again in the direction of who began it; an entry of other ends is
 * inherited by nobody.
 */
static __attribute__((noinline)) int decide_packet(struct __sk_buff *skb, struct packet *p,
						   const struct conntrack_key *key, __u64 revision,
						   __u32 source_is_hi)
{
	struct conntrack *old = bpf_map_lookup_elem(&conntrack_map, key);
	struct decision decision;
	bool reply = false;

	p->length = skb->len;
	if (old && (old->expires <= p->now || !same_ends(old, p, source_is_hi) ||
		    begins_anew(old, p, is_reply(old, source_is_hi)))) {
		decide(p, false, &decision);
		/* What is refused leaves the old connection as it is, what is granted replaces it.
		 */
		if (!reason_of(&decision) && !p->tuple.icmp_answer)
			bpf_map_delete_elem(&conntrack_map, key);
		old = NULL;
	} else if (old) {
		reply = is_reply(old, source_is_hi);
		decide(p, reply, &decision);
		return continue_connection(skb, p, key, old, &decision, revision, source_is_hi);
	} else {
		decide(p, false, &decision);
	}
	if (p->tuple.icmp_answer) {
		p->detail = DETAIL_ICMP_UNRELATED;
		return drop(skb, p, DROP_NO_CONNECTION, direction_of(p));
	}
	return begin_connection(skb, p, key, &decision, revision, source_is_hi);
}

/* The two ends as a connection's entry has them, for what is told of it. */
static __always_inline void set_ends(struct packet *p, const struct conntrack *connection,
				     bool source_is_hi)
{
	struct side *lo = source_is_hi ? &p->to : &p->from;
	struct side *hi = source_is_hi ? &p->from : &p->to;

	lo->id = connection->lo_endpoint;
	lo->identity = connection->lo_identity;
	hi->id = connection->hi_endpoint;
	hi->identity = connection->hi_identity;
}

static __always_inline bool passes(__u64 decided)
{
	return (__u8)decided == VERDICT_ALLOW || (__u8)decided == VERDICT_AUDIT;
}

/* A packet of a connection whose standing verdict refuses it. */
static __attribute__((noinline)) int drop_standing(struct __sk_buff *skb, struct packet *p,
						   const struct conntrack *connection,
						   __u32 source_is_hi)
{
	bool egress = connection->flags & CONNTRACK_REFUSED_EGRESS;

	set_ends(p, connection, source_is_hi);
	p->rule = egress ? connection->egress_rule : connection->ingress_rule;
	return drop(skb, p, connection->drop_reason, egress ? DIRECTION_EGRESS : DIRECTION_INGRESS);
}

static __attribute__((noinline)) int trace_standing(struct __sk_buff *skb, struct packet *p,
						    const struct conntrack *connection,
						    __u32 source_is_hi, __u32 reason)
{
	set_ends(p, connection, source_is_hi);
	p->rule = connection->flags & CONNTRACK_REMOTE && connection->egress_rule
		      ? connection->egress_rule
		      : connection->ingress_rule;
	return trace(skb, p, reason);
}

#endif
