/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Services of sockets: one that calls a service is connected to a backend from the beginning, and
 * no packet has to be translated. For the processes of a cgroup2 directory; what no such process
 * sends (virtual machines) is service.h's.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "backend.h"
#include "ovenet.h"

enum {
	REFUSE = 0, /* the call fails, with EPERM unless another error is set */
	GO_ON = 1,
	BACKENDS_TRIED = 8,
};

/* The helper that sets an error is not in every kernel. */
const volatile __u8 can_set_error;

/* Of the node's own network namespace. */
const volatile __u64 node_cookie;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct socket_key);
	__type(value, struct socket_frontend);
} socket_map SEC(".maps");

/* As in parse.h, for which a program of sockets has no packet. */
static __always_inline void map_ipv4(union address *address, __be32 ipv4)
{
	address->halves[0] = 0;
	address->words_be[2] = bpf_htonl(0xffff);
	address->words_be[3] = ipv4;
}

/* The address that a socket calls or hears; false if it is none of IPv4. Sockets of IPv6 have those
 * mapped, too. */
static __always_inline bool read_address(const struct bpf_sock_addr *ctx, bool six,
					 union address *address)
{
	if (!six) {
		map_ipv4(address, ctx->user_ip4);
		return true;
	}
	if (ctx->user_ip6[0] || ctx->user_ip6[1] || ctx->user_ip6[2] != bpf_htonl(0xffff))
		return false;
	map_ipv4(address, ctx->user_ip6[3]);
	return true;
}

static __always_inline void write_address(struct bpf_sock_addr *ctx, bool six,
					  const union address *address)
{
	if (six)
		ctx->user_ip6[3] = address->words_be[3];
	else
		ctx->user_ip4 = address->words_be[3];
}

static __always_inline int refuse_socket(int error)
{
	if (can_set_error)
		bpf_set_retval(-error);
	return REFUSE;
}

static __always_inline bool set_socket_key(struct bpf_sock_addr *ctx, bool six,
					   struct socket_key *key)
{
	if (!read_address(ctx, six, &key->backend))
		return false;
	key->cookie = bpf_get_socket_cookie(ctx);
	key->port_be = ctx->user_port;
	key->protocol = ctx->protocol;
	return true;
}

/* Sends the socket to a backend; false if there is none by that number. */
static __always_inline bool take_backend(struct bpf_sock_addr *ctx, bool six, __u32 number,
					 const struct affinity_key *client,
					 const struct service_value *service, __u64 now)
{
	const struct backend *backend = bpf_map_lookup_elem(&backend_map, &number);

	if (!backend || backend->protocol != ctx->protocol)
		return false;
	keep_affinity(client, service, number, backend->generation, now);
	write_address(ctx, six, &backend->address);
	ctx->user_port = backend->port_be;
	return true;
}

/* Datagrams of a socket that belong together go to the same backend. */
static __always_inline __u32 choice_of(struct bpf_sock_addr *ctx)
{
	__u64 cookie;

	if (ctx->protocol == IPPROTO_TCP)
		return bpf_get_prandom_u32();
	cookie = bpf_get_socket_cookie(ctx) * 0x9e3779b97f4a7c15ULL;
	return cookie >> 32;
}

/* The number of the backend that the socket is sent to, or 0. */
static __always_inline __u32 choose_for_socket(struct bpf_sock_addr *ctx, bool six,
					       const struct service_value *service)
{
	struct affinity_key client = {.service = service->service};
	__u64 now = bpf_ktime_get_coarse_ns();
	__u32 by = choice_of(ctx), number;

	client.client.halves[0] = bpf_get_netns_cookie(ctx);
	number = number_by_affinity(&client, service, now);
	if (number && take_backend(ctx, six, number, &client, service, now))
		return number;
	if (!service->count)
		return 0;
	for (__u32 i = 0; i < BACKENDS_TRIED; i++) {
		number = number_in(service->first, service->count, by + i);
		if (number && take_backend(ctx, six, number, &client, service, now))
			return number;
	}
	return 0;
}

/* Remembers what was called, for answers and for who asks whom the socket speaks with; and by which
 * backend, for who ends the socket with it. */
static __always_inline int remember_called(struct bpf_sock_addr *ctx, bool six,
					   const struct service_key *called, __u32 service,
					   __u32 backend)
{
	struct socket_frontend frontend = {
	    .address = called->address,
	    .service = service,
	    .backend = backend,
	    .port_be = called->port_be,
	};
	struct socket_key key = {};

	if (!set_socket_key(ctx, six, &key))
		return refuse_socket(EAFNOSUPPORT);
	if (bpf_map_update_elem(&socket_map, &key, &frontend, BPF_ANY))
		return refuse_socket(ENOMEM);
	return GO_ON;
}

/* What a socket calls by its own address answers by that, even if it was a backend before. */
static __always_inline int call_directly(struct bpf_sock_addr *ctx, bool six)
{
	struct socket_key key = {};

	if (set_socket_key(ctx, six, &key) && bpf_map_lookup_elem(&socket_map, &key))
		bpf_map_delete_elem(&socket_map, &key);
	return GO_ON;
}

static __always_inline int translate_socket(struct bpf_sock_addr *ctx, bool six)
{
	struct service_key called = {
	    .port_be = ctx->user_port,
	    .protocol = ctx->protocol,
	    .scope = SCOPE_CLUSTER,
	};
	const struct service_value *found;
	struct service_value service;
	__u32 backend;

	if (!read_address(ctx, six, &called.address))
		return GO_ON;
	found = bpf_map_lookup_elem(&service_map, &called);
	if (!found) {
		struct service_key elsewhere = called;

		found = service_at_other_node(&elsewhere);
	}
	if (!found)
		return call_directly(ctx, six);
	/* Which pods skip it is known by their addresses: packet by packet. */
	if (found->flags & SERVICE_SKIPPED && bpf_get_netns_cookie(ctx) != node_cookie)
		return call_directly(ctx, six);
	service = *found;
	backend = choose_for_socket(ctx, six, &service);
	if (!backend)
		return refuse_socket(ECONNREFUSED);
	return remember_called(ctx, six, &called, service.service, backend);
}

static __always_inline int connect_socket(struct bpf_sock_addr *ctx, bool six)
{
	if (ctx->protocol != IPPROTO_TCP && ctx->protocol != IPPROTO_UDP)
		return GO_ON;
	return translate_socket(ctx, six);
}

/* The address that a socket is told becomes the one that it called. */
static __always_inline int tell_frontend(struct bpf_sock_addr *ctx, bool six)
{
	const struct socket_frontend *frontend;
	struct socket_key key = {};

	if (!set_socket_key(ctx, six, &key))
		return GO_ON;
	frontend = bpf_map_lookup_elem(&socket_map, &key);
	if (frontend) {
		write_address(ctx, six, &frontend->address);
		ctx->user_port = frontend->port_be;
	}
	return GO_ON;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return connect_socket(ctx, false);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return connect_socket(ctx, true);
}

/* A connected socket of IPv6 that sends to its mapped peer comes by here as well, though it calls
 * nobody anew. */
static __always_inline bool speaks_with_peer(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	return sk && sk->state == BPF_TCP_ESTABLISHED && sk->dst_ip4 == ctx->user_ip4;
}

/* Of sockets of IPv6 as well, for mapped addresses. */
SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	if (ctx->protocol != IPPROTO_UDP || speaks_with_peer(ctx))
		return GO_ON;
	return translate_socket(ctx, false);
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	return tell_frontend(ctx, false);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	return tell_frontend(ctx, true);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	return tell_frontend(ctx, false);
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	return tell_frontend(ctx, true);
}

char license_name[] SEC("license") = "Dual BSD/GPL";
