"""Delimited text: CSV of any kind and the exports of applications."""
