/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Who may talk to whom: the verdict of each local side of a connection. */
#ifndef POLICY_H
#define POLICY_H

#include "events.h"

#define GOLDEN_RATIO_64 0x9e3779b97f4a7c15ULL

/* What one side's policy says. A union, so that a function can return it in a register. */
union judgement {
	struct {
		__u8 verdict; /* VERDICT_NONE: this side was not asked */
		__u8 match;
		__u8 reason; /* 0: may pass */
		__u8 detail;
		__u32 rule;
	};
	__u64 whole;
};

struct decision {
	union judgement egress;
	union judgement ingress;
};

static __always_inline __u64 judgement(__u8 verdict, __u8 reason, __u8 detail)
{
	union judgement judgement = {.verdict = verdict, .reason = reason, .detail = detail};

	return judgement.whole;
}

static __always_inline __u64 judgement_of(const struct policy_value *value)
{
	union judgement judgement = {
	    .verdict = value->verdict,
	    .match = value->match,
	    .rule = value->rule,
	};

	switch (value->verdict) {
	case VERDICT_ALLOW:
	case VERDICT_AUDIT:
		break;
	case VERDICT_DENY:
		judgement.reason = DROP_POLICY_DENY;
		break;
	case VERDICT_REDIRECT:
		judgement.reason = DROP_NO_PROXY;
		judgement.detail = DETAIL_PROXY;
		break;
	default:
		judgement.verdict = VERDICT_DEFAULT;
		judgement.reason = DROP_POLICY_DEFAULT;
	}
	return judgement.whole;
}

VERIFIED_ONCE __u64 look_up_policy(__u32 policy, __u32 identity, __u32 direction, __u32 protocol,
				   __u32 port_be)
{
	struct class_key class_key = {.identity = identity};
	struct class_value *class = bpf_map_lookup_elem(&class_map, &class_key);
	struct policy_value *value;

	if (!class)
		return judgement(VERDICT_DEFAULT, DROP_NO_CONFIGURATION, DETAIL_NO_CLASS);
	struct policy_key key = {
	    .prefix_length = POLICY_PREFIX_FULL,
	    .policy = policy,
	    .identity_class = class->identity_class,
	    .direction = direction,
	    .protocol = protocol,
	    .port_be = port_be,
	};
	value = bpf_map_lookup_elem(&policy_map, &key);
	if (value)
		return judgement_of(value);
	key.identity_class = CLASS_ANY;
	value = bpf_map_lookup_elem(&policy_map, &key);
	if (value)
		return judgement_of(value);
	return judgement(VERDICT_DEFAULT, DROP_POLICY_DEFAULT, DETAIL_NONE);
}

/*
 * The same, remembered. Walking policy_map costs a new connection a fifth of its time, and most
 * connections ask what another one has just asked. INVARIANT: who writes either map raises
 * `tables` before anything else that a packet could see; it is read here before the maps are, so
 * that what is remembered with a number was never written over before that number was left.
 */
VERIFIED_ONCE __u64 recall_policy(__u32 policy, __u32 identity, __u32 direction, __u32 protocol,
				  __u32 port_be)
{
	__u64 tables = tables_revision(), mixed = (__u64)policy << 32 | identity;
	__u32 called = direction << 24 | protocol << 16 | port_be;
	struct cached_verdict *cached;

	mixed = (mixed * GOLDEN_RATIO_64 ^ called) * GOLDEN_RATIO_64;
	__u32 index = mixed >> (64 - VERDICT_CACHE_BITS);
	cached = bpf_map_lookup_elem(&verdict_cache, &index);
	if (!cached)
		return look_up_policy(policy, identity, direction, protocol, port_be);
	if (cached->tables == tables && cached->policy == policy && cached->identity == identity &&
	    cached->called == called)
		return cached->judgement;
	cached->judgement = look_up_policy(policy, identity, direction, protocol, port_be);
	cached->tables = tables;
	cached->policy = policy;
	cached->identity = identity;
	cached->called = called;
	return cached->judgement;
}

/* The port that decides: of who was called; of ICMP the request's type. */
static __always_inline __be16 called_port(const struct tuple *tuple, bool reply)
{
	if (tuple->protocol == IPPROTO_ICMP)
		return bpf_htons(tuple->icmp_request << 8);
	return reply ? tuple->source_port_be : tuple->destination_port_be;
}

/* What a side's policy says where it need not look at the maps; else VERDICT_NONE. */
static __always_inline __u64 judge_by_side(const struct side *side, __u32 direction)
{
	__u32 enforced =
	    direction == DIRECTION_INGRESS ? ENDPOINT_ENFORCE_INGRESS : ENDPOINT_ENFORCE_EGRESS;

	if (!side->policy)
		return judgement(VERDICT_DEFAULT, DROP_NOT_READY, DETAIL_NO_POLICY);
	return side->flags & enforced ? 0 : judgement(VERDICT_ALLOW, 0, DETAIL_NONE);
}

VERIFIED_ONCE __u64 judge(const struct side *side, const struct side *peer, __u32 direction,
			  __u32 protocol, __u32 port_be)
{
	if (!side || !peer)
		return judgement(VERDICT_DEFAULT, DROP_NOT_READY, DETAIL_NO_POLICY);
	return judge_by_side(side, direction)
		   ?: recall_policy(side->policy, peer->peer, direction, protocol, port_be);
}

/* Asks both sides as far as they are endpoints of this node; the second only if the first agrees.
 * `reply`: the packet at hand comes from who was called. */
static __always_inline void decide(const struct packet *p, bool reply, struct decision *decision)
{
	__u16 port_be = called_port(&p->tuple, reply);
	struct side caller = reply ? p->to : p->from;
	struct side called = reply ? p->from : p->to;

	decision->egress.whole = 0;
	decision->ingress.whole = 0;
	/* No policy stands between a pod and itself. */
	if (p->service && caller.id && caller.id == called.id) {
		decision->egress.whole = judgement(VERDICT_ALLOW, 0, DETAIL_NONE);
		return;
	}
	if (caller.id)
		decision->egress.whole =
		    judge(&caller, &called, DIRECTION_EGRESS, p->tuple.protocol, port_be);
	if (decision->egress.reason || !called.id)
		return;
	decision->ingress.whole =
	    judge(&called, &caller, DIRECTION_INGRESS, p->tuple.protocol, port_be);
}

static __always_inline __u32 reason_of(const struct decision *decision)
{
	return decision->egress.reason ? decision->egress.reason : decision->ingress.reason;
}

static __always_inline __u32 refusing_direction(const struct decision *decision)
{
	return decision->egress.reason ? DIRECTION_EGRESS : DIRECTION_INGRESS;
}

static __always_inline const union judgement *refusal(const struct decision *decision)
{
	return decision->egress.reason ? &decision->egress : &decision->ingress;
}

static __always_inline __u8 verdict_of(const struct decision *decision)
{
	if (reason_of(decision))
		return refusal(decision)->verdict;
	if (decision->egress.verdict == VERDICT_AUDIT || decision->ingress.verdict == VERDICT_AUDIT)
		return VERDICT_AUDIT;
	return VERDICT_ALLOW;
}

VERIFIED_ONCE int report_verdict(struct __sk_buff *skb, struct packet *p, __u64 whole,
				 __u32 direction)
{
	union judgement judged = {.whole = whole};
	struct account account = {
	    .kind = EVENT_POLICY_VERDICT,
	    .subtype = judged.verdict,
	    .direction = direction,
	    .flags = EVENT_REPLY_KNOWN,
	    .match = judged.match,
	    .detail = judged.detail,
	    .rule = judged.rule,
	};

	write_event(skb, p, &account);
	return 0;
}

static __always_inline struct event_verdict told_verdict(const union judgement *judged,
							 __u8 direction)
{
	struct event_verdict told = {};

	if (!judged->verdict)
		return told;
	told.rule = judged->rule;
	told.verdict = judged->verdict;
	told.match = judged->match;
	told.direction = direction;
	told.detail = judged->detail;
	return told;
}

static __always_inline void report_decision(struct __sk_buff *skb, struct packet *p,
					    const struct decision *decision)
{
	if (decision->egress.verdict)
		report_verdict(skb, p, decision->egress.whole, DIRECTION_EGRESS);
	if (decision->ingress.verdict)
		report_verdict(skb, p, decision->ingress.whole, DIRECTION_INGRESS);
}

/* Drops what a decision refuses, naming the rule. */
static __always_inline int drop_refused(struct __sk_buff *skb, struct packet *p,
					const struct decision *decision)
{
	const union judgement *refused = refusal(decision);

	p->rule = refused->rule;
	p->match = refused->match;
	p->detail = refused->detail;
	return drop(skb, p, refused->reason, refusing_direction(decision));
}

#endif
