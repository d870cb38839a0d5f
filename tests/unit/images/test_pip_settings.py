"""What a build is told of pip's settings here: how to reach packages, and nothing else."""

from moorage.images.pip_settings import pip_conf, settings_here


def test_the_environment_comes_before_the_files() -> None:
    settings = {"global.index-url": "a", "install.index-url": "b", ":env:.index-url": "c"}
    assert pip_conf(settings, trusts=False) == "[global]\nindex-url = c\n"
    del settings[":env:.index-url"]
    assert pip_conf(settings, trusts=False) == "[global]\nindex-url = b\n"


def test_what_belongs_to_this_machine_is_left_out() -> None:
    settings = {"global.cert": "/here.pem", "global.find-links": "/here https://index.example/links", "user.x": "y"}
    assert pip_conf(settings, trusts=False) == "[global]\nfind-links = https://index.example/links\n"


def test_several_indexes_stay_several() -> None:
    assert pip_conf({"global.extra-index-url": "\na\nb"}, trusts=False) == "[global]\nextra-index-url = a\n    b\n"


def test_a_ca_bundle_is_where_the_build_mounts_it() -> None:
    assert pip_conf({":env:.default-timeout": "9"}, trusts=True) == (
        "[global]\ntimeout = 9\ncert = /run/secrets/ca-bundle\n"
    )


def test_pip_itself_is_asked() -> None:
    environ = {"PIP_INDEX_URL": "https://name:word@index.example/simple", "PATH": "", "PIP_CONFIG_FILE": "/dev/null"}
    assert settings_here(environ)[":env:.index-url"] == environ["PIP_INDEX_URL"]
