# SPDX-License-Identifier: MPL-2.0
"""What programs that were linked with libroc of Roc Toolkit 0.4 look for in the library and its pkg-config file."""
import os
import subprocess
import sys

# Every function of release 0.4.0.
FUNCTIONS = """
roc_context_open
roc_context_register_encoding
roc_context_close
roc_endpoint_allocate
roc_endpoint_set_uri
roc_endpoint_set_protocol
roc_endpoint_set_host
roc_endpoint_set_port
roc_endpoint_set_resource
roc_endpoint_get_uri
roc_endpoint_get_protocol
roc_endpoint_get_host
roc_endpoint_get_port
roc_endpoint_get_resource
roc_endpoint_deallocate
roc_log_set_level
roc_log_set_handler
roc_receiver_open
roc_receiver_configure
roc_receiver_bind
roc_receiver_query
roc_receiver_unlink
roc_receiver_read
roc_receiver_close
roc_receiver_decoder_open
roc_receiver_decoder_activate
roc_receiver_decoder_query
roc_receiver_decoder_push_packet
roc_receiver_decoder_pop_feedback_packet
roc_receiver_decoder_pop_frame
roc_receiver_decoder_close
roc_sender_open
roc_sender_configure
roc_sender_connect
roc_sender_query
roc_sender_unlink
roc_sender_write
roc_sender_close
roc_sender_encoder_open
roc_sender_encoder_activate
roc_sender_encoder_query
roc_sender_encoder_push_frame
roc_sender_encoder_push_feedback_packet
roc_sender_encoder_pop_packet
roc_sender_encoder_close
roc_version_load
""".split()


def exported(library):
    lines = subprocess.check_output(["nm", "-D", "--defined-only", library], text=True).splitlines()
    symbols = [line.split()[-1] for line in lines]
    # A version script names its version as an absolute symbol.
    return {symbol for symbol in symbols if symbol != "ROC"}


def soname(library):
    lines = subprocess.check_output(["objdump", "-p", library], text=True).splitlines()
    return next(line.split()[1] for line in lines if line.split()[:1] == ["SONAME"])


def pkg_config(folder, *arguments):
    env = dict(os.environ, PKG_CONFIG_PATH=folder)
    return subprocess.check_output(["pkg-config", *arguments, "roc"], text=True, env=env).split()


def main(library, pkg_config_folder):
    symbols = exported(library)
    missing = [name for name in FUNCTIONS if f"{name}@@ROC" not in symbols]
    assert not missing, f"not exported, or not as version ROC: {missing}"
    foreign = [symbol for symbol in symbols if not symbol.startswith("roc_")]
    assert not foreign, f"exported, but nobody's business: {foreign}"
    assert soname(library) == "libroc.so.0.4", soname(library)
    assert "-lroc" in pkg_config(pkg_config_folder, "--libs")
    assert pkg_config(pkg_config_folder, "--modversion") == ["0.4.0"]


main(*sys.argv[1:])
