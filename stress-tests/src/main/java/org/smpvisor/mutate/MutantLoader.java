package org.smpvisor.mutate;

/** Loads this program's classes once more, one of them with a defect. */
final class MutantLoader extends ClassLoader {
    private static final String OURS = "org.smpvisor.";

    private final Site site;

    /** @param site {@code null} for a model without a defect */
    MutantLoader(Site site) {
        super(MutantLoader.class.getClassLoader());
        this.site = site;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(OURS)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> c = findLoadedClass(name);
            if (c == null) {
                byte[] bytes = woven(name);
                c = defineClass(name, bytes, 0, bytes.length);
            }
            if (resolve) {
                resolveClass(c);
            }
            return c;
        }
    }

    private byte[] woven(String name) throws ClassNotFoundException {
        byte[] bytes;
        try {
            bytes = ModelClasses.bytes(name);
        } catch (IllegalArgumentException e) {
            throw new ClassNotFoundException(name, e);
        }
        if (site == null) {
            return bytes;
        }
        if (name.equals(site.className())) {
            bytes = Weaver.mutate(bytes, site);
        }
        return site.family() == Family.DROP_LOCK && ModelClasses.contains(name) ? Weaver.lenient(bytes) : bytes;
    }
}
