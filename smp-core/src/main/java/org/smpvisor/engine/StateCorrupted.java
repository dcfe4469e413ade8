package org.smpvisor.engine;

/**
 * Xen's own state was found corrupt by Xen's own code: a list that runs into another list, a list register that does not
 * exist. On a real machine this is a crash or worse. Unlike a {@link ModelBug} it may be the faithful consequence of a weak
 * spot that the model reproduces.
 */
public final class StateCorrupted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int domain;
    private final int vcpu;
    private final int intid;
    private final boolean list;

    /**
     * @param domain domain whose state it is
     * @param vcpu vCPU whose state it is
     * @param intid interrupt at which it was noticed, -1 if that is not known
     */
    public StateCorrupted(int domain, int vcpu, int intid, String message) {
        this(domain, vcpu, intid, message, false);
    }

    /**
     * The same.
     *
     * @param list whether a list is broken
     */
    public StateCorrupted(int domain, int vcpu, int intid, String message, boolean list) {
        super(message);
        this.list = list;
        this.domain = domain;
        this.vcpu = vcpu;
        this.intid = intid;
    }

    public int domain() {
        return domain;
    }

    public int vcpu() {
        return vcpu;
    }

    public int intid() {
        return intid;
    }

    /** Whether it is a list that does not end, or that runs into another one. */
    public boolean isList() {
        return list;
    }
}
