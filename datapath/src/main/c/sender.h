/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Whether a pod sends as itself. */
#ifndef SENDER_H
#define SENDER_H

#include "parse.h"

/* A reason to drop what a pod sends, before what it says is looked at. */
static __always_inline int check_sender(struct __sk_buff *skb, struct packet *p,
					const struct endpoint *self)
{
	struct ethhdr *ethernet;
	int reason;

	make_linear(skb, HEADERS_COMMON);
	ethernet = data_of(skb);
	if ((void *)(ethernet + 1) > end_of(skb))
		return refuse(p, DROP_INVALID_PACKET, DETAIL_TRUNCATED);
	if (__builtin_memcmp(ethernet->h_source, self->mac, ETH_ALEN))
		return DROP_SOURCE_MAC;
	reason = parse_ether_type(skb, p, ethernet->h_proto);
	if (reason)
		return reason;
	if (__builtin_memcmp(ethernet->h_dest, self->gateway_mac, ETH_ALEN))
		return refuse(p, DROP_DESTINATION_MAC, DETAIL_NOT_TO_GATEWAY);
	reason = parse_ipv4(skb, p);
	if (p->parsed & EVENT_HAS_L3 && p->tuple.source.words_be[3] != self->address4.words_be[3])
		return DROP_SOURCE_IP;
	return reason;
}

#endif
