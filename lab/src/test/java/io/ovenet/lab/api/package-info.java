/** Tests of the lab's API server. */
@NullMarked
package io.ovenet.lab.api;

import org.jspecify.annotations.NullMarked;
