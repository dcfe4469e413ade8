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

    /**
     * @param domain domain whose state it is
     * @param vcpu vCPU whose state it is
     * @param intid interrupt at which it was noticed, -1 if that is not known
     */
    public StateCorrupted(int domain, int vcpu, int intid, String message) {
        super(message);
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
}
