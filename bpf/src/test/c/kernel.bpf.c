/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the tests of this module load: one program or map for each thing that is tried. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u8 flag_byte = 1;
const volatile __u32 answer = 7;
const volatile __u64 wide = 9;
const volatile __u8 mac[6] = {0};

enum shade { SHADE_DARK = 3, SHADE_LIGHT = 4 };

struct inner {
	__u16 port_be;
	__u8 bits[3];
};

/* Its layout is read from the BTF by a test. */
struct record {
	__u64 sequence;
	struct inner inner;
	__u8 low : 4;
	__u8 high : 4;
	enum shade shade;
	union {
		__u32 word;
		__u8 bytes[4];
	};
	__u64 pair[2];
};

struct key {
	__u32 id;
	__u32 more;
};

struct lpm_key {
	__u32 prefix_length;
	__u8 bytes[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, struct key);
	__type(value, __u64);
} hash_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lpm_key);
	__type(value, __u32);
} lpm_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 100);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct record);
} shared_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

enum { COUNTER_WRITTEN, COUNTER_LOST };

static void count(__u32 which)
{
	__u64 *counter = bpf_map_lookup_elem(&counters, &which);

	if (counter)
		*counter += 1;
}

/* Returns a constant that the loader set. */
SEC("tc")
int return_constant(struct __sk_buff *skb)
{
	return flag_byte ? (int)(answer + wide) + mac[5] : -1;
}

/* Writes a record to the ring: cb[0] bytes' worth of pattern; cb[1] says discard, cb[2] no wakeup.
 */
SEC("tc")
int write_ring(struct __sk_buff *skb)
{
	__u64 flags = skb->cb[2] ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
	__u32 zero = 0;
	__u64 *written = bpf_map_lookup_elem(&counters, &zero);
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!written)
		return 1;
	if (!record) {
		count(COUNTER_LOST);
		return 2;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->sequence = skb->cb[0];
	record->pair[0] = *written;
	if (skb->cb[1]) {
		bpf_ringbuf_discard(record, flags);
		return 3;
	}
	record->pair[1] = ~record->sequence;
	bpf_ringbuf_submit(record, flags);
	count(COUNTER_WRITTEN);
	return 0;
}

/* Marks the packet and rewrites its first bytes. */
SEC("tc")
int change_packet(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *end = (void *)(long)skb->data_end;

	if (data + 6 > end)
		return TC_ACT_SHOT;
	for (int i = 0; i < 6; i++)
		data[i] = 0x20 + i;
	skb->mark = 0x1234;
	return TC_ACT_OK;
}

SEC("tc")
int pass(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

SEC("tc")
int drop(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

/* Refused by the verifier: the value may be NULL. */
SEC("tc")
int unverifiable(struct __sk_buff *skb)
{
	struct key key = {.id = skb->mark};
	__u64 *value = bpf_map_lookup_elem(&hash_map, &key);

	return (int)*value;
}

SEC("tc")
int use_maps(struct __sk_buff *skb)
{
	struct key key = {.id = skb->mark};
	struct lpm_key lpm = {.prefix_length = 32};
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&hash_map, &key);
	__u32 *number = bpf_map_lookup_elem(&lpm_map, &lpm);
	struct record *record = bpf_map_lookup_elem(&shared_array, &zero);

	if (record)
		record->sequence += 1;
	return (value ? (int)*value : 0) + (number ? (int)*number : 0);
}
