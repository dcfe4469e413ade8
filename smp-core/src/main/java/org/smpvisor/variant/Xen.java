package org.smpvisor.variant;

import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Names the Xen function, structure or field that the annotated element models. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
public @interface Xen {
    /** Identifiers as they stand in Xen's source. */
    String[] value();
}
