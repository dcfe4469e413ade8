package org.smpvisor.mutate;

/**
 * One place in the model at which a defect can be made.
 *
 * @param className binary name of the class
 * @param method its method; overloads are counted together
 * @param ordinal which of the family's places in that method, from 0, in the order of the byte code
 * @param line line of the source
 * @param what what is changed there, in a few words
 */
public record Site(Family family, String className, String method, int ordinal, int line, String what) {
    private static final String ROOT = "org.smpvisor.";

    /** Its name, for example {@code drop-lock:vgic.rank.RankVgic.injectIrq#0}. */
    public String name() {
        return family.label() + ":" + className.substring(ROOT.length()) + "." + method + "#" + ordinal;
    }
}
