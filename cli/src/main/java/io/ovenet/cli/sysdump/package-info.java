/** All that somebody elsewhere needs to find out what was wrong, in one archive. */
@NullMarked
package io.ovenet.cli.sysdump;

import org.jspecify.annotations.NullMarked;
