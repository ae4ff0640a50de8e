/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the product's programs are compared with: nothing at all, and delivery without a question.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>

struct delivery {
	__u32 ifindex;
	__u8 mac[ETH_ALEN];
	__u8 reserved[2];
};

/* From the interface that a packet came in by to where it goes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct delivery);
} deliveries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} measured SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sent SEC(".maps");

struct headers {
	struct ethhdr ethernet;
	struct iphdr ip;
} __attribute__((packed));

/* Of the packet as its sender made it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct headers);
} headers SEC(".maps");

SEC("tc")
int empty(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_OK;
}

SEC("tc")
int redirect_only(struct __sk_buff *skb)
{
	__u32 from = skb->ifindex;
	struct delivery *to = bpf_map_lookup_elem(&deliveries, &from);

	if (!to)
		return TC_ACT_SHOT;
	bpf_skb_store_bytes(skb, 0, to->mac, ETH_ALEN, 0);
	return bpf_redirect_peer(to->ifindex, 0);
}

/* A program leaves a packet as it delivers it: the next run finds it as it was sent. */
static __always_inline struct udphdr *restore(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct udphdr *udp = data + sizeof(struct headers);
	__u32 zero = 0;
	struct headers *as_sent = bpf_map_lookup_elem(&headers, &zero);

	if (!as_sent || (void *)(udp + 1) > end)
		return NULL;
	__builtin_memcpy(data, as_sent, sizeof(*as_sent));
	return udp;
}

/* Runs the program behind it on the same packet each time. */
SEC("tc")
int same_tuple(struct __sk_buff *skb)
{
	if (restore(skb))
		bpf_tail_call(skb, &measured, 0);
	return TC_ACT_SHOT;
}

/* Gives each run of the program behind it a source port of its own. */
SEC("tc")
int next_tuple(struct __sk_buff *skb)
{
	struct udphdr *udp = restore(skb);
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&sent, &zero);

	if (!count || !udp)
		return TC_ACT_SHOT;
	udp->source = (__be16)*count;
	*count += 1;
	bpf_tail_call(skb, &measured, 0);
	return TC_ACT_SHOT;
}

char licence[] SEC("license") = "Dual BSD/GPL";
