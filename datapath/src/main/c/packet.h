/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is known of the packet at hand. */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include "ovenet.h"
#include "verifier.h"

/* Drop reasons: the numbers of Hubble's flow.DropReason. */
enum drop_reason {
	DROP_SOURCE_MAC = 130,
	DROP_DESTINATION_MAC = 131,
	DROP_SOURCE_IP = 132,
	DROP_POLICY_DEFAULT = 133,
	DROP_INVALID_PACKET = 134,
	DROP_INVALID_L4 = 135,
	DROP_UNKNOWN_L4 = 137,
	DROP_NO_CONNECTION = 138,
	DROP_UNSUPPORTED_L3 = 139,
	DROP_ICMP_TYPE = 144,
	DROP_NO_TUNNEL_KEY = 147,
	DROP_UNKNOWN_TARGET = 150,
	DROP_UNROUTABLE = 151,
	DROP_NO_ENDPOINT = 152,
	DROP_CONNTRACK_FULL = 155,
	DROP_FRAGMENT = 157,
	DROP_NO_BACKEND = 158,
	DROP_NO_TUNNEL = 160,
	DROP_NO_CONFIGURATION = 165,
	DROP_UNSUPPORTED_L2 = 166,
	DROP_NO_NAT = 167,
	DROP_NAT_PROTOCOL = 168,
	DROP_ENCAPSULATION = 170,
	DROP_IDENTITY = 171,
	DROP_UNKNOWN_SENDER = 172,
	DROP_FRAGMENT_UNKNOWN = 175, /* its first part was not seen */
	DROP_SOURCE_RANGE = 177,
	DROP_NO_PROXY = 179,
	DROP_POLICY_DENY = 181,
	DROP_VLAN = 182,
	DROP_TTL = 196,
	DROP_NOT_READY = 203,
};

enum {
	IDENTITY_HOST = 1,
	IDENTITY_WORLD = 2,
	IDENTITY_UNMANAGED = 3,
	IDENTITY_HEALTH = 4,
	IDENTITY_INIT = 5,
	IDENTITY_REMOTE_NODE = 6,
	IDENTITY_KUBE_APISERVER = 7,
	IDENTITY_FIRST_POD = 256,   /* of the cluster's own, up to the next */
	IDENTITY_LOCAL = 0x1000000, /* and what only one node knows */
};

struct tuple {
	union address source;
	union address destination;
	__be16 source_port_be; /* ICMP: the identifier, on both sides */
	__be16 destination_port_be;
	__u8 protocol;
	__u8 icmp_request; /* type of the request that this is, or answers; 0: neither */
	__u8 icmp_answer;
	__u8 fragment; /* a part of a datagram */
};

/* One end of a connection. */
struct side {
	__u32 identity;
	__u32 peer; /* what stands for it in class_map */
	union {
		__u32 policy;
		__be32 tunnel_be; /* where id is 0: struct ipcache_value's */
	};
	__u32 flags; /* enum endpoint_flags; where id is 0 enum ipcache_flags */
	__u16 id;    /* 0: no endpoint of this node */
	__u16 generation;
};

struct packet {
	struct tuple tuple;
	struct side from;
	struct side to;
	__u64 now;   /* coarse */
	__u64 time;  /* precise: of what is told of the packet; 0 until then */
	__u8 parsed; /* EVENT_HAS_* */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 ttl;
	__u8 detail; /* enum drop_detail */
	__u8 ip_header_length;
	__u8 match;
	__u32 rule;
	__u32 length;  /* set where a connection is written */
	__u8 to_pod;   /* seen on the way into the pod */
	__u8 answers;  /* goes to who called a service, by whose address it comes */
	__u8 refused;  /* why the policy of who sent it refuses it; 0: it does not */
	__u8 traced;   /* leaves nothing behind: see trace.h */
	__u32 count;   /* packets that what is told stands for; 0 = this one */
	__u32 nat;     /* struct conntrack's */
	__u32 service; /* likewise: the stack has no room for the frontend itself */
};

static __always_inline int refuse(struct packet *p, int reason, int detail)
{
	p->detail = detail;
	return reason;
}

#endif
