package org.smpvisor.variant;

import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** Names the Arm document and register that the annotated element follows. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
public @interface Arm {
    /** Document number and register or section, for example {@code "IHI 0069, GICD_IROUTER<n>"}. */
    String[] value();
}
