# Nothing is signed, and no image is made, without the owner's own files. There are none to fall back to, so no image
# can ever trust a key that others have. A recipe names in EDGE_CCTV_KEYS which it needs:
#   EDGE_CCTV_RAUC_KEY_FILE      the private key that signs bundles
#   EDGE_CCTV_RAUC_CERT_FILE     its certificate, and intermediate ones after it
#   EDGE_CCTV_RAUC_KEYRING_FILE  the certificates that devices trust
# Each is an absolute path, in local.conf or in the environment (kas passes them on).

# A recipe can only be refused while it is parsed, hours before it is built.
# nooelint: oelint.task.noanonpython,oelint.vars.noncoreoverride
python () {
    for name in d.getVar("EDGE_CCTV_KEYS").split():
        path = d.getVar(name)
        if not path:
            raise bb.parse.SkipRecipe("%s isn't set. It names a file of yours for signed updates; "
                                      "meta-edge-cctv/README.md tells how to make it" % name)
        bb.parse.mark_dependency(d, path)
        if not os.path.isabs(path) or not os.path.isfile(path):
            raise bb.parse.SkipRecipe("%s names %s, which is no file with its full path" % (name, path))
}
