/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Policy alone, asked without a packet: who is at an address, and what an endpoint's policy says
 * of them. It leaves no connection, no event and no count.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "policy.h"
#include "resolve.h"

static __always_inline int find_peer(const struct policy_question *question, struct side *peer)
{
	struct packet nowhere = {};

	if (!question->number)
		return resolve(&nowhere, &question->peer, peer, DROP_UNKNOWN_TARGET);
	peer->identity = question->number;
	peer->peer = question->number;
	return 0;
}

static __always_inline __u32 class_of(__u32 number)
{
	struct class_key key = {.identity = number};
	struct class_value *value = bpf_map_lookup_elem(&class_map, &key);

	return value ? value->identity_class : POLICY_QUESTION_NO_CLASS;
}

VERIFIED_ONCE int answer_question(struct policy_question *question)
{
	const struct endpoint *endpoint;
	struct side self = {}, peer = {};
	union judgement judged;
	int unknown;

	if (!question)
		return 0;
	endpoint = endpoint_at(question->endpoint);
	if (endpoint)
		set_side(&self, endpoint, question->endpoint);
	unknown = find_peer(question, &peer);
	if (unknown)
		judged.whole = judgement(VERDICT_NONE, unknown, DETAIL_NONE);
	else
		/* By the maps themselves, not by what is remembered of them. */
		judged.whole = judge_by_side(&self, question->direction)
				   ?: look_up_policy(self.policy, peer.peer, question->direction,
						     question->protocol, question->port_be);
	question->answered = 1;
	question->verdict = judged.verdict;
	question->match = judged.match;
	question->reason = judged.reason;
	question->detail = judged.detail;
	question->rule = judged.rule;
	question->identity = peer.identity;
	question->peer_number = peer.peer;
	question->identity_class = class_of(peer.peer);
	question->policy = self.policy;
	return 0;
}

SEC("tc")
int verify_policy(struct __sk_buff *skb)
{
	for (int i = 0; i < POLICY_QUESTIONS_MOST; i++) {
		struct policy_question question, *asked;

		asked = data_of(skb) + POLICY_QUESTIONS_AT + i * sizeof(question);
		if ((void *)(asked + 1) > end_of(skb))
			break;
		question = *asked;
		answer_question(&question);
		asked = data_of(skb) + POLICY_QUESTIONS_AT + i * sizeof(question);
		if ((void *)(asked + 1) > end_of(skb))
			break;
		*asked = question;
	}
	return TC_ACT_OK;
}

#endif
