/** What this machine has and lacks. */
@NullMarked
package io.ovenet.cli.doctor;

import org.jspecify.annotations.NullMarked;
