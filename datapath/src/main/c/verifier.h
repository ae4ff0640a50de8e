/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the verifier is told. */
#ifndef VERIFIER_H
#define VERIFIER_H

/*
 * A function that the verifier goes through once, by itself, and not again at each call. It knows
 * of its arguments only their types: pointers are to be checked, and no pointer can be returned.
 *
 * STACK: the frames of a chain of calls, each rounded up to 32 bytes, have 512 together in kernels
 * before 6.8 or so. What is large is therefore put where the chain ends.
 */
#define VERIFIED_ONCE __attribute__((noinline))

#endif
