/** Who there is and what policies there are, of a cluster or of files: what questions are about. */
@NullMarked
package io.ovenet.kubernetes.world;

import org.jspecify.annotations.NullMarked;
