/**
 * Worlds of policies, identities and endpoints by chance, and three judges of one packet: the
 * documents read sentence by sentence, the compiled form, and the program in the kernel with its
 * maps filled as an agent fills them.
 */
@NullMarked
package io.ovenet.prove;

import org.jspecify.annotations.NullMarked;
