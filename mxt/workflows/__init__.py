"""One public function a command: plain values in, a record out, no printing."""
