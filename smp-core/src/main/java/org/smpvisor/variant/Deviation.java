package org.smpvisor.variant;

import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Marks a place where the model does not do what Xen does, and says why. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
public @interface Deviation {
    /** The reason, and what it costs in faithfulness. */
    String value();
}
