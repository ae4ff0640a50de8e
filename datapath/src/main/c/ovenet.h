/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every key, value and event that the kernel side and the Java side share, and nothing else.
 * Java's codecs are checked against this object's BTF. Addresses are 16 bytes everywhere, IPv4 as
 * ::ffff:a.b.c.d. Fields named *_be are in network byte order; all others are in host order.
 */
#ifndef OVENET_H
#define OVENET_H

#include <linux/types.h>

union address {
	__u8 bytes[16];
	__u32 words_be[4];
	__u64 halves[2];
};

enum limits {
	MAX_ENDPOINTS = 4096,
	/* The host side of endpoint N's veth has interface index ENDPOINT_IFINDEX_BASE + N. */
	ENDPOINT_IFINDEX_BASE = 0x100000,
	POD_NETWORK = 0,
};

enum endpoint_flags {
	ENDPOINT_PRESENT = 1,
	ENDPOINT_ENFORCE_INGRESS = 2,
	ENDPOINT_ENFORCE_EGRESS = 4,
};

/*
 * endpoint_map: array, mapped into the agent, so that a single field is changed by one store.
 * revision: what was decided before this revision no longer holds for the endpoint.
 * policy: number in policy_map; 0 = not in place yet: nothing passes.
 * variant: what stands in class_map for the identity; 0 = the identity itself.
 * moves: one more after each store into another field, so that a reader of several knows whether
 * they were all there at one moment.
 */
struct endpoint {
	__u64 revision;
	__u32 ifindex;
	__u32 identity;
	__u32 policy;
	__u32 flags;
	__u16 generation;
	__u16 network;
	__u8 mac[6];
	__u8 gateway_mac[6];
	union address address4;
	union address address6;
	__u32 variant;
	__u32 moves;
	__u8 reserved[48];
};

struct address_key {
	union address address;
	__u16 network;
	__u16 reserved[3];
};

/* endpoint_by_address: hash, address_key -> endpoint id. */
struct endpoint_ref {
	__u16 id;
	__u16 generation;
};

/* ipcache: LPM trie. prefix_length counts from `network` on: 24 + the family's own bits (an IPv4
 * prefix /n has 24 + 96 + n). */
struct ipcache_key {
	__u32 prefix_length;
	__u16 network;
	__u8 family; /* always 6: addresses are mapped */
	union address address;
} __attribute__((packed));

enum ipcache_flags {
	IPCACHE_NODE = 1, /* an address of a cluster node itself */
	IPCACHE_POD = 2,  /* a pod's own address, not a prefix that pods have theirs of */
};

/* tunnel_endpoint_be: the node behind which the address is, where packets go there through the
 * overlay; a node's own address has it too. */
struct ipcache_value {
	__u32 identity;
	__u32 tunnel_endpoint_be;
	__u8 encryption_key;
	__u8 flags;
	__u16 reserved;
	__u32 variant; /* what stands in class_map for the identity; 0 = the identity itself */
};

/* class_map: hash, identity -> class: identities that no policy of this node tells apart. Where a
 * policy tells addresses of one identity apart (by their named ports, or a prefix around them), a
 * number of this node stands for a part of them, in the place of the identity. */
struct class_key {
	__u32 identity;
};

struct class_value {
	__u32 identity_class;
};

enum policy_constants {
	/* The class of whatever a policy says nothing of in particular. */
	CLASS_ANY = 0,
	DIRECTION_INGRESS = 1,
	DIRECTION_EGRESS = 2,
	/* Bits of policy_key before protocol, and before port. */
	POLICY_PREFIX_ANY_PROTOCOL = 80,
	POLICY_PREFIX_ANY_PORT = 88,
	POLICY_PREFIX_FULL = 104,
};

/*
 * policy_map: LPM trie. The entries of a class are complete: whichever matches longest decides.
 * A class without any entry in a policy and direction is decided by CLASS_ANY's entries; where
 * that has none either, nothing passes. For ICMP port_be is the type in the first byte.
 */
struct policy_key {
	__u32 prefix_length;
	__u32 policy;
	__u32 identity_class;
	__u8 direction;
	__u8 family; /* 0: protocols and identities already tell families apart */
	__u8 protocol;
	__be16 port_be;
	__u8 reserved[3];
} __attribute__((packed));

enum verdict {
	VERDICT_NONE = 0,
	VERDICT_ALLOW = 1,
	VERDICT_DENY = 2,     /* by a deny rule: drop reason 181 */
	VERDICT_DEFAULT = 3,  /* by default deny: drop reason 133 */
	VERDICT_REDIRECT = 4, /* to a proxy */
	VERDICT_AUDIT = 5,    /* would have been denied */
};

struct policy_value {
	__u8 verdict;
	__u8 authentication;
	__u8 match; /* Hubble's policy_match_type */
	__u8 reserved;
	__u32 proxy;
	__u32 rule;
	__u32 log_cookie;
};

/*
 * What verify_policy answers: how the policy of an endpoint of this node decides about a peer, by
 * the same lookups as a packet of theirs, of which there is none. A frame that holds them, from
 * POLICY_QUESTIONS_AT on, is given to a test run and comes back with the answers.
 */
struct policy_question {
	union address peer;
	__u32 number; /* what stands in class_map for the peer; 0: whatever its address has */
	__u16 endpoint;
	__be16 port_be; /* as struct policy_key has it */
	__u8 protocol;
	__u8 direction;
	/* The answer. */
	__u8 answered;
	__u8 verdict; /* enum verdict */
	__u8 match;
	__u8 reason; /* drop reason; 0: it passes */
	__u8 detail;
	__u8 reserved;
	__u32 rule;
	__u32 identity; /* of the peer, and what stands for it in class_map */
	__u32 peer_number;
	__u32 identity_class;
	__u32 policy; /* of the endpoint; 0: it has none */
	__u32 reserved2;
};

enum policy_questions {
	POLICY_QUESTIONS_AT = 16,
	POLICY_QUESTIONS_MOST = 48,
	POLICY_QUESTION_NO_CLASS = 0xffffffff, /* identity_class of whom class_map does not know */
};

/* revision_map: array of one, mapped into the agent. */
struct revisions {
	__u64 current; /* what is decided now rests on this revision */
	__u64 remote;  /* decisions about addresses that are no endpoint of this node, likewise */
	__u64 tables;  /* one more after each write of policy_map or class_map */
};

/*
 * verdict_cache: array for each processor, by a hash: what policy_map and class_map said to a
 * question. It says so only as long as `tables` is revision_map's.
 */
struct cached_verdict {
	__u64 tables;
	__u32 policy;
	__u32 identity; /* the peer's number in class_map */
	__u32 called;	/* direction << 24 | protocol << 16 | port, be16 */
	__u32 reserved;
	__u64 judgement; /* union judgement */
};

/*
 * conntrack_map: hash. One entry for a connection: the smaller (address, port) of both ends is
 * `lo`. ICMP echo has its identifier as both ports.
 */
struct conntrack_key {
	union address lo;
	union address hi;
	__be16 lo_port_be;
	__be16 hi_port_be;
	__u8 protocol;
	__u8 flags;
	__u16 network;
};

enum conntrack_flags {
	CONNTRACK_HI_BEGAN = 1,
	CONNTRACK_REPLY_SEEN = 2,
	CONNTRACK_REMOTE = 4, /* one end is no endpoint of this node */
	CONNTRACK_HOST = 8,   /* that end is the node itself */
	/* Whose side the decision, if not to allow, was made on. */
	CONNTRACK_REFUSED_INGRESS = 16,
	CONNTRACK_REFUSED_EGRESS = 32,
	CONNTRACK_SERVICE = 64, /* who began it called `frontend`, not the other end */
};

/* conntrack_key.flags of ICMP: the request's type, and the bit below if `hi` asked, so that a
 * request never passes as the answer to another one. 0 for the other protocols. */
enum conntrack_key_flags {
	CONNTRACK_KEY_HI_ASKED = 0x80,
};

enum conntrack_state {
	CONNTRACK_NEW = 0,	   /* nothing came back yet */
	CONNTRACK_ESTABLISHED = 1, /* answered */
	CONNTRACK_CLOSING = 2,	   /* TCP: one side sent FIN */
	CONNTRACK_CLOSED = 3,	   /* TCP: both did, or one sent RST */
};

/* conntrack.tcp_flags_seen: of who began in the low, of the other side in the high four bits. */
enum conntrack_tcp_flags {
	CONNTRACK_SEEN_SYN = 1,
	CONNTRACK_SEEN_FIN = 2,
	CONNTRACK_SEEN_RST = 4,
};

struct conntrack {
	__u64 decided; /* revision << 8 | enum verdict, published by one store */
	__u64 expires; /* nanoseconds of the monotonic clock */
	__u64 began_at;
	__u32 lo_identity;
	__u32 hi_identity;
	__u16 lo_endpoint;
	__u16 hi_endpoint;
	__u16 lo_generation;
	__u16 hi_generation;
	__u32 egress_rule;
	__u32 ingress_rule;
	__u32 proxy;
	__u32 nat; /* the node's port for it, be16, in the place of the pod's own; 0: none */
	__u32 tunnel_be;
	__u8 flags;
	__u8 tcp_state;
	__u8 tcp_flags_seen;
	__u8 drop_reason; /* of a decision that is not ALLOW */
	__u64 packets[2]; /* [0] from who began, [1] back; the rest likewise */
	__u64 bytes[2];
	__u32 packets_told[2]; /* low bits of `packets` when it was last told of */
	__u16 told_at[2];      /* and when, in ticks of 2^REPORT_TICK_SHIFT ns */
	__u8 flags_told[2];    /* TCP flags that were told of */
	__u16 reserved;
	union address frontend; /* with CONNTRACK_SERVICE: what was called, */
	__u32 service;		/* and struct service_value's number of it */
	__be16 frontend_port_be;
	__u16 reserved2;
};

enum report {
	REPORT_TICK_SHIFT = 27,
};

/*
 * conntrack_slots: array, one for each entry that conntrack_map can hold. `state` is ticks (2^20
 * ns) of the time to look again << 24 | owning endpoint << 8 | enum slot_flags; 0 = free.
 */
struct conntrack_slot {
	struct conntrack_key key;
	__u64 state;
};

enum slot_flags {
	SLOT_ANSWERED = 1, /* when last looked at: not to be evicted */
	SLOT_CLAIMED = 2,  /* one processor is at work on it */
	SLOT_USED = 4,
};

/* conntrack_owned: array by endpoint id: slots that its connections hold. */
struct conntrack_count {
	__u64 slots;
};

/* conntrack_hand: array of one: the slot that the next insertion looks at first. */
struct conntrack_hand {
	__u64 next;
};

/* Read-only configuration of the object, written before load. Times are nanoseconds. */
struct config {
	__u32 host_ifindex; /* ovenet_host */
	__be32 gateway_be;
	__u8 host_mac[6];    /* of ovenet_host: the stack takes nothing else */
	__u8 report_nothing; /* nobody reads events: none is written */
	__u8 reserved;
	__u32 conntrack_slots; /* a power of two: entries of conntrack_slots and of conntrack_map */
	__u32 conntrack_share; /* slots of an endpoint beyond which its unanswered ones are taken */
	__u16 report_ticks;   /* a standing connection's direction is told of once in these; 0: each
				 packet */
	__u8 report_flags;    /* TCP flags that are told of when first seen */
	__u8 report_received; /* packets are also told of where they come in */
	__u64 tcp_new;
	__u64 tcp_established;
	__u64 tcp_closing;
	__u64 tcp_closed;
	__u64 other_new; /* UDP, SCTP */
	__u64 other_established;
	__u64 icmp;
	__u32 tunnel_ifindex;  /* the overlay's device; 0: there is none */
	__u32 network_ifindex; /* the device towards the outside; 0: there is none */
	__be32 node_be;	       /* the node's address on it */
	__be32 native_be;      /* where pods' addresses are understood, */
	__be32 native_mask_be; /* unless that is empty */
	__u16 nat_first;       /* ports that pods have towards the outside; ICMP identifiers, too */
	__u16 nat_ports;       /* how many; 0: no masquerading. A multiple of NAT_LANES */
	__be16 tunnel_port_be;
	__u8 answer_refused; /* a pod is told of what policy refuses of its packets */
	__u8 reserved2;
};

/* What a drop reason leaves open; EVENT_DROP's drop_detail. */
enum drop_detail {
	DETAIL_NONE = 0,
	DETAIL_IPV6 = 1,
	DETAIL_ARP = 2,
	DETAIL_ETHER_TYPE = 3,
	DETAIL_TRUNCATED = 4,
	DETAIL_IP_VERSION = 5,
	DETAIL_IP_HEADER_LENGTH = 6,
	DETAIL_IP_TOTAL_LENGTH = 7,
	DETAIL_IP_CHECKSUM = 8,
	DETAIL_TCP_HEADER_LENGTH = 9,
	DETAIL_UDP_LENGTH = 10,
	DETAIL_ICMP_INNER = 11,	     /* an ICMP error whose inner packet is not what it should be */
	DETAIL_ICMP_UNRELATED = 12,  /* an ICMP error or reply without its connection */
	DETAIL_NO_CLASS = 13,	     /* the peer's identity is not in class_map */
	DETAIL_NO_POLICY = 14,	     /* the endpoint has no policy yet */
	DETAIL_CLAIMS_HOST = 15,     /* the node's own address, from elsewhere */
	DETAIL_CLAIMS_ENDPOINT = 16, /* an endpoint's address, from elsewhere */
	DETAIL_PROXY = 17,	     /* redirection to a proxy that there is not */
	DETAIL_NOT_TO_GATEWAY = 18,
	/* Through the overlay, or past it: see overlay.h. */
	DETAIL_NOT_A_NODE = 19,	 /* the outer source is no node of the cluster */
	DETAIL_CLAIMS_POD = 20,	 /* the address of a pod that is behind another node */
	DETAIL_CLAIMS_NODE = 21, /* a node's address, from elsewhere */
	DETAIL_HEADER = 22,	 /* an identity that no node sends for a pod */
	/* Services: see service.h. */
	DETAIL_SERVICE_TAKEN = 23, /* to each backend that was tried the client has a connection
				      already, by another way */
	DETAIL_SERVICE_PAST = 24,  /* to a backend, within a connection that came by a service */
};

enum event_kind {
	EVENT_DROP = 1,
	EVENT_TRACE = 4,
	EVENT_POLICY_VERDICT = 5,
};

enum event_flags {
	EVENT_REPLY = 1,
	EVENT_REPLY_KNOWN = 2,
	EVENT_IPV6 = 4,
	EVENT_HAS_PORTS = 8,
	EVENT_HAS_L3 = 16,
};

/*
 * events: ring buffer. `subtype` is the drop reason (EVENT_DROP), Hubble's observation point
 * (EVENT_TRACE) or enum verdict (EVENT_POLICY_VERDICT). Identities and rule are those that
 * decided; nothing is judged again in user space.
 */
struct event {
	__u64 time; /* bpf_ktime_get_ns: CLOCK_MONOTONIC */
	__u8 kind;
	__u8 subtype;
	__u8 direction; /* DIRECTION_*, 0 = unknown */
	__u8 flags;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 match;
	__u8 trace_reason; /* Hubble's TraceReason */
	union address source;
	union address destination;
	__be16 source_port_be;	    /* ICMP: type << 8 | code, in host order, as be16 */
	__be16 destination_port_be; /* ICMP: 0 */
	__u16 source_endpoint;
	__u16 destination_endpoint;
	__u32 source_identity;
	__u32 destination_identity;
	__u32 rule;
	__u32 ifindex;
	__u32 length; /* of the packet, L2 header included */
	__u16 network;
	__u16 drop_detail; /* enum drop_detail: finer than the drop reason */
	__u8 source_mac[6];
	__u8 destination_mac[6];
	__u32 count;   /* packets that this event stands for, at least 1 */
	__u32 service; /* by which the destination, of a reply the source, was called; 0: none */
	__u32 reserved;
};

/* What one side's policy said; direction 0: that side was not asked. */
struct event_verdict {
	__u32 rule;
	__u8 verdict; /* enum verdict */
	__u8 match;
	__u8 direction;
	__u8 detail;
};

/*
 * A record of the ring is a struct event, or, of a connection that begins, its trace together with
 * the policy verdicts before it: up to three events in one, since bytes are what an event costs.
 */
struct connection_event {
	struct event trace;
	struct event_verdict verdicts[2];
};

/*
 * Traced packets: real ones that the agent sends in a pod's place, judged by the same tables as any
 * other and dropped just before a workload, the stack or the outside would get them. They leave
 * nothing behind but their steps.
 *
 * Whom to believe: up to from_pod skb->mark says that a packet is traced. The kernel takes the mark
 * off what crosses from a pod's namespace, so only the host's side can have set it. Between nodes
 * the inner frame's destination says so, which no pod chooses: from_pod takes nothing that is not
 * for the gateway. What is claimed wrongly would be dropped, never let through.
 */
enum trace_constants {
	/* A mark is TRACED_MARK | number; clear of kube-proxy's bits 0x4000 and 0x8000. */
	TRACED_MARK = 0x6f760000,
	TRACED_NUMBERS = 0x4000,
	/* The first four bytes of the inner destination, a locally administered address; the last
	   two are the number. */
	TRACED_MAC = 0x026f7674,
};

enum trace_place {
	TRACED_AT_POD = 1,     /* from_pod, where the packet begins */
	TRACED_AT_OVERLAY = 2, /* from_overlay, on another node */
};

/* Where a node's part of the way ended. */
enum trace_end {
	TRACED_REFUSED = 1,   /* `reason` and `detail` say why */
	TRACED_DELIVERED = 2, /* the pod would have got it */
	TRACED_SENT = 3,      /* through the overlay, to `tunnel_be` */
	TRACED_TO_NODE = 4,   /* the node's own stack would have got it */
	TRACED_TO_WORLD =
	    5, /* it would have left the cluster, from the node's address if `masked` */
	TRACED_TOO_BIG = 6, /* for the pod's device, whose limit is `mtu` */
};

/* trace_map: LRU hash. `sender_be`: the node whose header the packet came with; 0 where it began,
 * and where that was no node. */
struct trace_key {
	__be32 sender_be;
	__u16 number;
	__u8 place;
	__u8 reserved;
};

struct trace_step {
	__u64 time; /* nanoseconds of the monotonic clock */
	union address source;
	union address destination; /* as the packet goes on */
	union address called;	   /* as it came */
	__be16 source_port_be;
	__be16 destination_port_be; /* of ICMP the type */
	__be16 called_port_be;
	__u16 source_endpoint;
	__u16 destination_endpoint;
	__u8 protocol;
	__u8 end;
	__u8 reason; /* drop reason; 0: none */
	__u8 detail;
	__u16 reserved;
	__u32 source_identity;
	__u32 destination_identity;
	__u32 service;	  /* by which the destination was called; 0: none */
	__be32 tunnel_be; /* the next node; with TRACED_AT_OVERLAY the last one */
	struct event_verdict egress;
	struct event_verdict ingress;
	__u32 length; /* of the packet, L2 header included */
	__u32 mtu;    /* of the pod's device */
	__u8 masked;
	__u8 reserved2[7];
};

enum dns_constants {
	DNS_PAYLOAD = 512, /* bytes of a message that are copied */
};

/* dns_messages: ring buffer. A datagram to or from a DNS server, whatever it holds. */
struct dns_message {
	__u64 time; /* as struct event's */
	union address source;
	union address destination;
	__be16 source_port_be;
	__be16 destination_port_be;
	__u16 source_endpoint; /* 0 also where a connection stands */
	__u16 destination_endpoint;
	__u32 source_identity;
	__u32 destination_identity;
	__u16 length;	/* of what UDP carries */
	__u16 captured; /* bytes of it in `payload`; what comes after them means nothing */
	__u16 network;
	__u16 reserved;
	__u8 payload[DNS_PAYLOAD];
};

/* drop_counters: per-CPU array, index reason (0-255) * 4 + direction. */
struct counter {
	__u64 packets;
	__u64 bytes;
};

/* disagreements: per-CPU array by enum disagreement: packets whose overlay header says something
 * else than this node knows. All but the last are dropped. */
enum disagreement {
	DISAGREE_SENDER = 0,   /* DETAIL_NOT_A_NODE */
	DISAGREE_POD = 1,      /* DETAIL_CLAIMS_POD, DETAIL_CLAIMS_ENDPOINT */
	DISAGREE_NODE = 2,     /* DETAIL_CLAIMS_NODE, DETAIL_CLAIMS_HOST */
	DISAGREE_HEADER = 3,   /* DETAIL_HEADER */
	DISAGREE_IDENTITY = 4, /* another identity than the ipcache has for the pod; believed */
	DISAGREEMENTS = 5,
};

enum nat_constants {
	/* An endpoint has the ports of two lanes, so that nobody can take all of a destination's.
	 */
	NAT_LANES = 8,
};

/* nat_map: hash. What a pod's connection is to who is outside: the node's address and a port. */
struct nat_key {
	union address remote;
	__be16 remote_port_be; /* ICMP: 0 */
	__be16 port_be;	       /* the node's; ICMP: the identifier */
	__u8 protocol;
	__u8 reserved[3];
};

struct nat_value {
	union address pod;
	__u64 claimed_at; /* nanoseconds, coarse: what is younger than a second may have no
			     connection yet */
	__be16 pod_port_be;
	__u16 reserved[3];
};

/* fragment_map: LRU hash. What only the first part of a datagram says, by which the others go. */
struct fragment_key {
	__be32 source_be;
	__be32 destination_be;
	__u32 ifindex; /* where it came in, so that nobody else can tell of it */
	__be16 id_be;
	__u8 protocol;
	__u8 reserved;
};

struct fragment {
	__be16 source_port_be; /* ICMP: the identifier */
	__be16 destination_port_be;
	__u8 icmp_type;
	__u8 icmp_code;
	__u16 reserved;
};

/* announced_map: hash. Addresses that this node answers ARP for on a device. */
struct announced_key {
	union address address;
	__u32 ifindex;
	__u32 reserved;
};

/* deadline: nanoseconds of the clock that counts while the machine sleeps (CLOCK_BOOTTIME), from
 * when on nothing is answered. */
struct announced {
	__u64 deadline;
	__u64 answers;
	__u8 mac[6];
	__u16 reserved;
	__u32 reserved2;
};

/*
 * Services. The agent chooses the numbers of services and backends. A change writes a fresh range
 * of service_slots first and then the service's value, by one update; the old range is reused only
 * after a grace time, and a number only when no connection names it.
 */
enum service_scope {
	SCOPE_CLUSTER = 0, /* as pods and nodes see it */
	SCOPE_OUTSIDE = 1, /* as the outside sees it, which also has what is only in the other */
	SCOPE_UNREDIRECTED = 2, /* of SERVICE_SKIPPED: as those in redirect_skip_map see it */
	SCOPE_OTHER_NODES = 3,	/* by no address: as pods and nodes see it at any other node's */
};

enum service_flags {
	SERVICE_EXTERNAL = 1,	   /* may be reached from outside */
	SERVICE_SOURCE_RANGES = 2, /* from outside only by who is in source_range_map */
	SERVICE_LOCAL_ONLY = 4,	   /* its backends are this node's alone: said to people */
	SERVICE_REDIRECT = 8,	   /* a local redirect: said to people */
	SERVICE_HOST_PORT = 16,	   /* a pod's hostPort: said to people */
	SERVICE_SKIPPED = 32,	   /* by who is in redirect_skip_map */
};

enum service_constants {
	/* 169.254.42.1 in host order: who calls a pod that itself called by way of a service. */
	SERVICE_LOOPBACK = 0xa9fe2a01,
};

/* service_map: hash. */
struct service_key {
	union address address;
	__be16 port_be;
	__u8 protocol;
	__u8 scope;
	__u16 network;
	__u16 reserved;
};

/* Ranges of service_slots, which is an array of the numbers of backends. */
struct service_value {
	__u32 service; /* number of this frontend; never 0 */
	__u32 first;
	__u32 count;	    /* 0: nobody serves */
	__u32 maglev_first; /* for what comes from outside */
	__u32 maglev_size;  /* 0: chosen by chance, from there too */
	__u32 affinity_seconds;
	__u16 flags;
	__u16 reserved;
};

enum backend_flags {
	/* Or not ready: keeps its TCP connections, all else goes elsewhere where there is
	   somebody. */
	BACKEND_TERMINATING = 1,
	BACKEND_LOCAL = 2, /* on this node */
};

/* backend_map: hash, number -> backend. It is there for as long as the backend may answer, also
 * when it is in no range any more: its connections end with it. */
struct backend {
	union address address;
	__be16 port_be;
	__u8 protocol;
	__u8 flags;
	__u16 generation; /* another one when the number comes to mean another backend */
	__u16 reserved;
};

/* socket_map: LRU hash. What a socket called, by the backend's address that it speaks with instead.
 */
struct socket_key {
	union address backend;
	__u64 cookie; /* of the socket */
	__be16 port_be;
	__u8 protocol;
	__u8 reserved[5];
};

struct socket_frontend {
	union address address;
	__u32 service;
	__u32 backend; /* its number */
	__be16 port_be;
	__u16 reserved;
	__u32 reserved2;
};

/* service_flow_map: hash. Which backend a connection that is translated packet by packet has. It
 * is there as long as the connection's entry, which names the frontend. */
struct service_flow_key {
	union address client;
	union address frontend;
	__be16 client_port_be;
	__be16 frontend_port_be;
	__u8 protocol;
	__u8 reserved;
	__u16 network;
};

struct service_flow {
	union address address; /* the backend's */
	__u32 service;
	__u32 backend;
	__u16 generation; /* the backend's */
	__be16 port_be;	  /* the backend's */
	__u32 reserved;
};

/* affinity_map: LRU hash. */
struct affinity_key {
	union address client; /* of sockets the cookie of their network namespace, and zeroes */
	__u32 service;
	__u32 reserved;
};

struct affinity {
	__u64 used_at; /* nanoseconds of the monotonic clock, coarse */
	__u32 backend;
	__u16 generation;
	__u16 reserved;
};

/* redirect_skip_map: hash, key -> 1. Pods that answer for a local redirect and are not redirected
 * by it themselves. */
struct redirect_skip_key {
	union address client;
	__u32 service;
	__u32 reserved;
};

/* source_range_map: LPM trie, key -> 1. prefix_length counts from `service` on: 32 + the mapped
 * address' bits. */
struct source_range_key {
	__u32 prefix_length;
	__u32 service;
	union address address;
};

/* event_counters: per-CPU array of one. */
struct event_counter {
	__u64 written;
	__u64 lost; /* the ring was full */
};

#endif
