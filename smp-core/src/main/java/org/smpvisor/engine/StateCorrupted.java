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

    /**
     * @param domain domain whose state it is
     * @param vcpu vCPU whose state it is
     */
    public StateCorrupted(int domain, int vcpu, String message) {
        super(message);
        this.domain = domain;
        this.vcpu = vcpu;
    }

    public int domain() {
        return domain;
    }

    public int vcpu() {
        return vcpu;
    }
}
