@NullMarked
package io.ovenet.cli.sysdump;

import org.jspecify.annotations.NullMarked;
