package org.smpvisor.jcstress;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The same race as in the class around it with a barrier, a lock or a look taken away. It must show an interesting outcome, the one
 * that is forbidden there, on every host that can: that is what shows that the other test could fail.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface WeakTwin {
    /** What it shows, which says where it can be seen. */
    Pattern value();
}
