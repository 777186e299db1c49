"""Handlers for pyserial's ``serial.protocol_handler_packages``: append this package's name to that list."""
